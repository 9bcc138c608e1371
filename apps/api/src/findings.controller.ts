import { type Actor, FindingsService, pageRequest } from '#application';
import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ClosureDto, FindingsQuery, ReasonDto } from './findings.dto.js';
import { CurrentActor } from './http/auth.js';

@ApiTags('findings')
@Controller('api/v1')
export class FindingsController {
  constructor(private readonly findings: FindingsService) {}

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
}
