import { type Actor, pageRequest, VisitsService } from '#application';
import { Body, Controller, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ReasonDto } from './findings.dto.js';
import { CurrentActor } from './http/auth.js';
import { Produces } from './http/openapi.js';
import { IfMatch } from './http/revision.js';
import { MoveDto, OutcomeDto, VisitsQuery } from './visits.dto.js';

@ApiTags('visits')
@Controller('api/v1/visits')
export class VisitsController {
  constructor(private readonly visits: VisitsService) {}

  /** Visits of the sites the reader sees: planned, not planned (with the reasons), made or called off. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: VisitsQuery) {
    return this.visits.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** One visit, with its day and assessor, or why it has none. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.visits.get(actor, id);
  }

  /** The invitation as iCalendar. */
  @Get(':id/invitation.ics')
  @Produces('text/calendar')
  @Header('content-type', 'text/calendar; charset=utf-8')
  invitation(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.visits.invitation(actor, id);
  }

  /** Says how a planned visit went. One that was aborted is planned again. */
  @Post(':id/outcome')
  @HttpCode(200)
  outcome(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: OutcomeDto,
  ) {
    return this.visits.recordOutcome(actor, id, revision, body);
  }

  /** Moves a planned visit to another day of its window; whoever was invited is told. */
  @Post(':id/move')
  @HttpCode(200)
  move(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: MoveDto,
  ) {
    return this.visits.move(actor, id, revision, body.plannedOn);
  }

  /** Calls a planned visit off; the need is planned again, on a later day. */
  @Post(':id/cancellation')
  @HttpCode(200)
  cancel(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ReasonDto,
  ) {
    return this.visits.cancel(actor, id, revision, body.reason);
  }
}
