import { type Actor, type Identity, InvitationsService, pageRequest } from '#application';
import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, MaybeActor, PeopleOnly, Public, SecretAnswer } from './http/auth.js';
import { IDENTITY } from './http/tokens.js';
import { AcceptanceDto, NewInvitationDto } from './identity.dto.js';
import { PageQuery } from './fields.dto.js';

@ApiTags('identity')
@PeopleOnly()
@Controller('api/v1')
export class InvitationsController {
  constructor(
    private readonly invitations: InvitationsService,
    @Inject(IDENTITY) private readonly identity: Identity,
  ) {}

  /** Invites somebody by e-mail to join the organisation in a role. Owners only. */
  @Post('organisations/:id/invitations')
  invite(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: NewInvitationDto,
  ) {
    return this.invitations.invite(actor, id, body);
  }

  /** Invitations of the organisation: pending, accepted, expired, revoked. Owners only. */
  @Get('organisations/:id/invitations')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery) {
    return this.invitations.list(actor, id, pageRequest(query.cursor, query.limit));
  }

  /** Takes an invitation back. Owners only. */
  @Post('organisations/:id/invitations/:invitationId/revoke')
  @HttpCode(204)
  revoke(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('invitationId', ParseUUIDPipe) invitationId: string,
  ) {
    return this.invitations.revoke(actor, id, invitationId);
  }

  /** Accepts as whoever is signed in with the invited address; without an account, makes one with name and password. */
  @Post('invitations/accept')
  @Public()
  @SecretAnswer()
  accept(@MaybeActor() actor: Actor | null, @Body() body: AcceptanceDto) {
    return this.invitations.accept(actor, this.identity, body);
  }
}
