import { type Actor, GainsService, pageRequest } from '#application';
import { Controller, Get, Param, ParseUUIDPipe, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PageQuery } from './fields.dto.js';
import { CurrentActor } from './http/auth.js';

@ApiTags('gains')
@Controller('api/v1')
export class GainsController {
  constructor(private readonly gains: GainsService) {}

  /** Gains of a site, each with its denominators, parts and editions. */
  @Get('sites/:id/gains')
  ofSite(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.gains.ofSite(actor, id);
  }

  /** Gains of a cohort's sites, a page of them, with the figures of all and what they stand on. */
  @Get('cohorts/:id/gains')
  ofCohort(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery) {
    return this.gains.ofCohort(actor, id, pageRequest(query.cursor, query.limit));
  }

  /** The same over all cohorts of a programme. */
  @Get('programmes/:id/gains')
  ofProgramme(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PageQuery,
  ) {
    return this.gains.ofProgramme(actor, id, pageRequest(query.cursor, query.limit));
  }

  /** How a cohort's sites stood at their follow-ups, section by section: points and nothing else, a page of them. */
  @Get('cohorts/:id/section-points')
  sectionPoints(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PageQuery,
  ) {
    return this.gains.sectionPoints(actor, id, pageRequest(query.cursor, query.limit));
  }
}
