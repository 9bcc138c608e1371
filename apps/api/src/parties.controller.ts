import { type Actor, MembersService, pageRequest, PartiesService } from '#application';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, PeopleOnly } from './http/auth.js';
import { IfMatch } from './http/revision.js';
import {
  MemberPatchDto,
  NewMemberDto,
  NewOrganisationDto,
  NewSiteDto,
  OrganisationPatchDto,
  OrganisationsQuery,
  SitePatchDto,
  SitesQuery,
} from './parties.dto.js';

@ApiTags('parties')
@Controller('api/v1')
export class PartiesController {
  constructor(private readonly parties: PartiesService) {}

  @Get('organisations')
  organisations(@CurrentActor() actor: Actor, @Query() query: OrganisationsQuery) {
    return this.parties.organisations(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Founds an organisation; its founder owns it. */
  @Post('organisations')
  createOrganisation(@CurrentActor() actor: Actor, @Body() body: NewOrganisationDto) {
    return this.parties.createOrganisation(actor, body);
  }

  /** One organisation. */
  @Get('organisations/:id')
  organisation(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.parties.organisation(actor, id);
  }

  /** Changes an organisation; by an owner. */
  @Patch('organisations/:id')
  patchOrganisation(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: OrganisationPatchDto,
  ) {
    return this.parties.patchOrganisation(actor, id, revision, body);
  }

  /** Sites the reader sees. */
  @Get('sites')
  sites(@CurrentActor() actor: Actor, @Query() query: SitesQuery) {
    return this.parties.sites(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Adds a site to an organisation; by an owner or quality manager. */
  @Post('sites')
  createSite(@CurrentActor() actor: Actor, @Body() body: NewSiteDto) {
    return this.parties.createSite(actor, body);
  }

  /** One site. */
  @Get('sites/:id')
  site(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.parties.site(actor, id);
  }

  /** Changes a site; readiness and visits follow. */
  @Patch('sites/:id')
  patchSite(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: SitePatchDto,
  ) {
    return this.parties.patchSite(actor, id, revision, body);
  }
}

@ApiTags('members')
@PeopleOnly()
@Controller('api/v1')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  /** Who belongs to an organisation. */
  @Get('organisations/:id/members')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.members.list(actor, id);
  }

  /** Gives a role to somebody the organisation knows; everybody else is invited. */
  @Post('organisations/:id/members')
  add(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() { userId, role }: NewMemberDto,
  ) {
    return this.members.add(actor, id, { userId, role });
  }

  /** Changes the role of a member; by an owner. */
  @Patch('organisations/:id/members/:memberId')
  change(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('memberId', ParseUUIDPipe) memberId: string,
    @Body() body: MemberPatchDto,
  ) {
    return this.members.change(actor, id, memberId, body.role);
  }

  /** Takes a role away from a member, at once; by an owner. */
  @Delete('organisations/:id/members/:memberId')
  @HttpCode(204)
  remove(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('memberId', ParseUUIDPipe) memberId: string,
  ) {
    return this.members.remove(actor, id, memberId);
  }
}
