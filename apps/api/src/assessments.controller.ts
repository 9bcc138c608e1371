import { type Actor, AssessmentsService, pageRequest } from '#application';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Put, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor } from './http/auth.js';
import { IfMatch, withEtag } from './http/revision.js';
import { AnswersDto, AssessmentsQuery, NewAssessmentDto, ReviewDto } from './requests.dto.js';

@ApiTags('assessments')
@Controller('api/v1/assessments')
export class AssessmentsController {
  constructor(private readonly assessments: AssessmentsService) {}

  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: AssessmentsQuery) {
    return this.assessments.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Opens an assessment; checklist version and scoring profile are pinned for ever. */
  @Post()
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: NewAssessmentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.assessments.create(actor, body));
  }

  @Get(':id')
  async get(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.assessments.get(actor, id));
  }

  /** Answers one or many items: all of them, or none. */
  @Put(':id/responses')
  @ApiHeader({ name: 'If-Match', required: false })
  async answer(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: AnswersDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.assessments.answer(actor, id, revision, body.answers));
  }

  /** Hands it in. Score, findings, gain, readiness and the next visit follow within moments. */
  @Post(':id/submit')
  @HttpCode(200)
  @ApiHeader({ name: 'If-Match', required: false })
  async submit(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.assessments.submit(actor, id, revision));
  }

  /** Takes it into review, returns it, closes and locks it, or reopens it. */
  @Post(':id/review')
  @HttpCode(200)
  @ApiHeader({ name: 'If-Match', required: false })
  async review(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ReviewDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.assessments.review(actor, id, body.action, revision, body.reason));
  }

  /** Score as found and after closure, explained item by item; `null` while it is being computed. */
  @Get(':id/score')
  score(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessments.score(actor, id);
  }

  @Get(':id/findings')
  findings(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessments.findings(actor, id);
  }
}
