import { type Actor, pageRequest, PartiesService } from '#application';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, OneFactor } from './http/auth.js';
import {
  ExitDto,
  NewCohortDto,
  NewEnrolmentDto,
  NewOrganisationDto,
  NewProgrammeDto,
  NewSiteDto,
  PageQuery,
  SitesQuery,
} from './requests.dto.js';

@ApiTags('parties')
@Controller('api/v1')
export class PartiesController {
  constructor(private readonly parties: PartiesService) {}

  /** Who is signed in, and in which roles. */
  @Get('me')
  @OneFactor()
  me(@CurrentActor() actor: Actor) {
    return actor;
  }

  @Get('organisations')
  organisations(@CurrentActor() actor: Actor, @Query() query: PageQuery) {
    return this.parties.organisations(actor, pageRequest(query.cursor, query.limit));
  }

  @Post('organisations')
  createOrganisation(@CurrentActor() actor: Actor, @Body() body: NewOrganisationDto) {
    return this.parties.createOrganisation(actor, body);
  }

  @Get('sites')
  sites(@CurrentActor() actor: Actor, @Query() query: SitesQuery) {
    return this.parties.sites(actor, query, pageRequest(query.cursor, query.limit));
  }

  @Post('sites')
  createSite(@CurrentActor() actor: Actor, @Body() body: NewSiteDto) {
    return this.parties.createSite(actor, body);
  }

  @Get('sites/:id')
  site(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.parties.site(actor, id);
  }

  /** Gains of a site, each with its denominators, parts and editions. */
  @Get('sites/:id/gains')
  gains(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.parties.gainsOfSite(actor, id);
  }

  @Get('programmes')
  programmes(@CurrentActor() actor: Actor) {
    return this.parties.programmes(actor);
  }

  @Post('programmes')
  createProgramme(@CurrentActor() actor: Actor, @Body() body: NewProgrammeDto) {
    return this.parties.createProgramme(actor, body);
  }

  @Get('cohorts')
  cohorts(@CurrentActor() actor: Actor) {
    return this.parties.cohorts(actor);
  }

  @Post('cohorts')
  createCohort(@CurrentActor() actor: Actor, @Body() body: NewCohortDto) {
    return this.parties.createCohort(actor, body);
  }

  @Post('cohorts/:id/enrolments')
  enrol(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: NewEnrolmentDto) {
    return this.parties.enrol(actor, id, body);
  }

  /** Records that a site left the cohort, and why. Its results stay and count as attrition. */
  @Post('cohorts/:id/enrolments/:siteId/exit')
  @HttpCode(204)
  exit(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('siteId', ParseUUIDPipe) siteId: string,
    @Body() body: ExitDto,
  ) {
    return this.parties.exit(actor, id, siteId, body.exitedOn, body.reason);
  }
}
