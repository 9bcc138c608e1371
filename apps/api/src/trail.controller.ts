import { type Actor, AuditService } from '#application';
import { parseLocalDate } from '#domain';
import { Controller, Get, Header, Param, ParseUUIDPipe, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { CurrentActor, PeopleOnly, Public } from './http/auth.js';
import { Produces } from './http/openapi.js';
import { AuditQuery } from './trail.dto.js';

@ApiTags('audit trail')
@PeopleOnly()
@Controller()
export class TrailController {
  constructor(private readonly audit: AuditService) {}

  /**
   * Every change to what an organisation owns: who, when, from where, before and after. For its owners. With
   * `Accept: application/x-ndjson` all of it (or what the filter leaves) as JSON Lines, for keeping and verifying.
   */
  @Get('api/v1/organisations/:id/audit')
  @Produces('application/json', 'application/x-ndjson')
  @Header('cache-control', 'no-store')
  async trail(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: AuditQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (query.from !== undefined) parseLocalDate(query.from, 'from');
    if (query.to !== undefined) parseLocalDate(query.to, 'to');
    if (!/\bapplication\/x-ndjson\b/.test(reply.request.headers.accept ?? ''))
      return this.audit.page(actor, id, query, query);
    const lines = this.audit.lines(actor, id, query);
    void reply
      .type('application/x-ndjson')
      .header('content-disposition', `attachment; filename="audit-${id}.jsonl"`);
    return new StreamableFile(Readable.from(lines, { objectMode: false }));
  }

  /** A signed statement of what the organisation's trail looks like now. For its owners, to keep elsewhere. */
  @Get('api/v1/organisations/:id/audit/checkpoint')
  @Header('cache-control', 'no-store')
  checkpoint(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.audit.checkpoint(actor, id);
  }

  /** The public keys (JWK Set) with which anybody checks checkpoints. */
  @Public()
  @Get('.well-known/uplift-audit-keys.json')
  @Header('cache-control', 'public, max-age=3600')
  keys() {
    return this.audit.publishedKeys();
  }
}
