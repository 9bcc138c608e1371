import { type Actor, AssessmentsService, pageRequest } from '#application';
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
import { AnswersDto, AssessmentsQuery, NewAssessmentDto, ReviewDto, VerdictDto } from './assessments.dto.js';
import { ReasonDto } from './findings.dto.js';
import { CurrentActor } from './http/auth.js';
import { IfMatch } from './http/revision.js';

@ApiTags('assessments')
@Controller('api/v1/assessments')
export class AssessmentsController {
  constructor(private readonly assessments: AssessmentsService) {}

  /** Assessments of the sites the reader sees. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: AssessmentsQuery) {
    return this.assessments.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Opens an assessment; checklist version and scoring profile are pinned for ever. */
  @Post()
  create(@CurrentActor() actor: Actor, @Body() body: NewAssessmentDto) {
    return this.assessments.create(actor, body);
  }

  /** One assessment with every verdict and claim. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessments.get(actor, id);
  }

  /** Answers one or many items: all of them, or none. */
  @Put(':id/responses')
  answer(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: AnswersDto,
  ) {
    return this.assessments.answer(actor, id, revision, body.answers);
  }

  /** Answers one item. */
  @Put(':id/responses/:requirement')
  answerOne(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('requirement') requirement: string,
    @IfMatch() revision: number | null,
    @Body() body: VerdictDto,
  ) {
    return this.assessments.answer(actor, id, revision, [{ ...body, requirement }]);
  }

  /** Takes an answer back: the item is unanswered again. */
  @Delete(':id/responses/:requirement')
  clear(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('requirement') requirement: string,
    @IfMatch() revision: number | null,
  ) {
    return this.assessments.clearAnswer(actor, id, revision, requirement);
  }

  /** Hands it in. Score, findings, gain, readiness and the next visit follow within moments. */
  @Post(':id/submit')
  @HttpCode(200)
  submit(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
  ) {
    return this.assessments.submit(actor, id, revision);
  }

  /** Takes it into review, returns it, closes and locks it, or reopens it; what goes back may question single items. */
  @Post(':id/review')
  @HttpCode(200)
  review(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ReviewDto,
  ) {
    return this.assessments.review(actor, id, body.action, revision, body.reason, body.remarks);
  }

  /** Says that it was opened by mistake: it stays on record, counts nowhere, and never comes back. */
  @Post(':id/void')
  @HttpCode(200)
  void(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ReasonDto,
  ) {
    return this.assessments.void(actor, id, revision, body.reason);
  }

  /** Score as found and after closure, explained item by item; `null` while it is being computed. */
  @Get(':id/score')
  score(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessments.score(actor, id);
  }
}
