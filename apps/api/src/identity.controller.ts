import { type Actor, ApiTokensService, type Identity, notFound } from '#application';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, OneFactor, PeopleOnly, Public, SecretAnswer } from './http/auth.js';
import { IDENTITY } from './http/tokens.js';
import { NewApiTokenDto } from './identity.dto.js';

@ApiTags('identity')
@PeopleOnly()
@Controller('api/v1')
export class IdentityController {
  constructor(
    private readonly tokens: ApiTokensService,
    @Inject(IDENTITY) private readonly identity: Identity,
  ) {}

  /** Providers of organisations that people can sign in with, for the sign-in page. */
  @Get('sign-in-providers')
  @Public()
  providers() {
    return this.identity.providers;
  }

  /** Where you are signed in: device, address, when last used. */
  @Get('me/sessions')
  @OneFactor()
  sessions(@CurrentActor() actor: Actor) {
    return this.identity.sessionsOf({ id: actor.userId, sessionId: actor.sessionId! });
  }

  /** Signs out everywhere but here. */
  @Post('me/sessions/end-others')
  @HttpCode(200)
  async endOthers(@CurrentActor() actor: Actor) {
    return { ended: await this.identity.endOtherSessions(actor.userId, actor.sessionId!) };
  }

  /** Signs out one of your sessions. */
  @Delete('me/sessions/:id')
  @HttpCode(204)
  async endSession(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    if (!(await this.identity.endSession(actor.userId, id))) throw notFound('session');
  }

  /** Makes a token for an integration. Its secret is shown this once. Owners only. */
  @Post('organisations/:id/api-tokens')
  @SecretAnswer()
  createToken(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: NewApiTokenDto,
  ) {
    return this.tokens.create(actor, id, body);
  }

  /** Tokens of the organisation: scopes, when they expire, when last used. Owners only. */
  @Get('organisations/:id/api-tokens')
  listTokens(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.tokens.list(actor, id);
  }

  /** Ends a token at once. Owners only. */
  @Post('organisations/:id/api-tokens/:tokenId/revoke')
  @HttpCode(204)
  revokeToken(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('tokenId', ParseUUIDPipe) tokenId: string,
  ) {
    return this.tokens.revoke(actor, id, tokenId);
  }
}
