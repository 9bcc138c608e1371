import { type Actor, CorrectionsService, FindingsService, pageRequest } from '#application';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ClosureDto, CorrectionDto, FindingsQuery, ReasonDto } from './findings.dto.js';
import { CurrentActor } from './http/auth.js';

@ApiTags('findings')
@Controller('api/v1')
export class FindingsController {
  constructor(
    private readonly findings: FindingsService,
    private readonly corrections: CorrectionsService,
  ) {}

  /** Findings across the sites the reader sees. */
  @Get('findings')
  list(@CurrentActor() actor: Actor, @Query() query: FindingsQuery) {
    return this.findings.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Findings of an assessment, most serious first. */
  @Get('assessments/:id/findings')
  ofAssessment(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.findings.ofAssessment(actor, id);
  }

  /** Records that a finding was closed, also after the assessment was locked. The result as found stays. */
  @Post('assessments/:id/findings/:findingId/closure')
  close(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
    @Body() body: ClosureDto,
  ) {
    return this.findings.close(actor, id, findingId, body);
  }

  /** Takes the closure of a finding back, with a reason that is kept. */
  @Post('assessments/:id/findings/:findingId/reopening')
  reopen(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
    @Body() body: ReasonDto,
  ) {
    return this.findings.reopen(actor, id, findingId, body.reason);
  }

  /**
   * Begins the correction of a finding, or changes what is said in it until it is handed in. Photographs and documents are
   * declared as evidence of the assessment with its id as `correctionId`.
   */
  @Put('assessments/:id/findings/:findingId/correction')
  correct(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
    @Body() body: CorrectionDto,
  ) {
    return this.corrections.write(actor, id, findingId, body.note);
  }

  /** Takes a correction back that nobody has decided on yet, with its evidence. */
  @Delete('assessments/:id/findings/:findingId/correction')
  @HttpCode(204)
  async takeBack(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
  ) {
    await this.corrections.takeBack(actor, id, findingId);
  }

  /** Hands the correction in: it waits until the finding is closed, or it is refused. */
  @Post('assessments/:id/findings/:findingId/correction/hand-in')
  @HttpCode(200)
  handIn(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
  ) {
    return this.corrections.handIn(actor, id, findingId);
  }

  /** Refuses the correction that was handed in, with a reason; another may follow. */
  @Post('assessments/:id/findings/:findingId/correction/refusal')
  @HttpCode(200)
  refuse(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('findingId', ParseUUIDPipe) findingId: string,
    @Body() body: ReasonDto,
  ) {
    return this.corrections.refuse(actor, id, findingId, body.reason);
  }
}
