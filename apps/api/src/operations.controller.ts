import { type Actor, contentHash, OperationsService } from '#application';
import type { OperationsAnswer } from '#domain';
import type { Locale } from '#reporting';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor } from './http/auth.js';
import { ReaderLocale } from './http/locale.js';
import { has } from './http/page.js';
import { problemText } from './http/problem-texts/index.js';
import { IfNoneMatch } from './http/revision.js';
import { ChangesQuery, OfflineQuery, OperationsDto } from './operations.dto.js';

@ApiTags('offline')
@Controller('api/v1')
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  /**
   * Takes what a device has done, in any order and as often as it is sent. Each operation gets an answer of its own; what
   * can't count is kept, with a code that says why, and a sentence in the sender's language.
   */
  @Post('assessments/:id/operations')
  @HttpCode(200)
  async receive(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: OperationsDto,
    @ReaderLocale() locale: Locale,
  ): Promise<OperationsAnswer> {
    const answer = await this.operations.receive(actor, id, body);
    return {
      ...answer,
      results: answer.results.map(({ detail, fix, ...result }) => ({
        ...result,
        ...(detail !== undefined && { detail: problemText(detail, locale) }),
        ...(fix !== undefined && { fix: problemText(fix, locale) }),
      })),
    };
  }

  /** Everything a device needs to work on an assessment for a day without a connection, in one answer. */
  @Get('assessments/:id/offline')
  async offline(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { device }: OfflineQuery,
    @ReaderLocale() locale: Locale,
    @IfNoneMatch() ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const copy = await this.operations.offline(actor, id, device, locale);
    const etag = `"${contentHash(JSON.parse(JSON.stringify(copy)))}"`;
    void reply.header('etag', etag).header('cache-control', 'private, no-cache');
    if (!has(ifNoneMatch, etag)) return copy;
    void reply.status(304);
    return undefined as never;
  }

  /** What others have changed since a revision, and which of the device's own operations are there. */
  @Get('assessments/:id/changes')
  changes(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { since, device }: ChangesQuery,
  ) {
    return this.operations.changes(actor, id, since, device);
  }

  /** Everything that was ever entered for an item: by whom, on which device, when. */
  @Get('assessments/:id/responses/:requirement/history')
  history(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('requirement') requirement: string,
  ) {
    return this.operations.history(actor, id, requirement);
  }

  /** What was sent, couldn't count and has been taken up by nobody: everybody's, for who answers for the assessment. */
  @Get('assessments/:id/refused-operations')
  refused(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.operations.refused(actor, id);
  }

  /** One's own operations that couldn't count, also of assessments one no longer sees. */
  @Get('me/refused-operations')
  refusedOfMine(@CurrentActor() actor: Actor) {
    return this.operations.refusedOfMine(actor);
  }
}
