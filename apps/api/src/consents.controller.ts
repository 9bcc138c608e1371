import { type Actor, CharterService, ConsentsService, pageRequest } from '#application';
import { type Locale, renderConsentLedgerHtml } from '#reporting';
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import {
  CharterDto,
  ConsentChangeDto,
  DirectoryEntryDto,
  DirectoryQuery,
  NewConsentDto,
  newGrant,
} from './consents.dto.js';
import { PageQuery } from './fields.dto.js';
import { CurrentActor, PeopleOnly, Public, SecretAnswer } from './http/auth.js';
import { LANGUAGES, ReaderLocale } from './http/locale.js';
import { Produces } from './http/openapi.js';
import { page } from './http/page.js';
import { IfMatch } from './http/revision.js';

/** Giving and taking back. An answer may hold a link, which stands for a person: no token gets one. */
@ApiTags('consent')
@PeopleOnly()
@Controller('api/v1')
export class ConsentsController {
  constructor(private readonly consents: ConsentsService) {}

  /** Lets an organisation, or a person with a link, see some of the record for a purpose until a day. */
  @SecretAnswer()
  @Post('organisations/:id/consents')
  grant(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: NewConsentDto) {
    return this.consents.grant(actor, id, newGrant(body));
  }

  /** Every consent the supplier has given, ended ones included. */
  @Get('organisations/:id/consents')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.consents.list(actor, id);
  }

  @Get('organisations/:id/consents/:consentId')
  get(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('consentId', ParseUUIDPipe) consentId: string,
  ) {
    return this.consents.get(actor, id, consentId);
  }

  /** Changes sites, scopes, purpose or the last day; what is left out stays. */
  @Patch('organisations/:id/consents/:consentId')
  change(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('consentId', ParseUUIDPipe) consentId: string,
    @IfMatch() revision: number | null,
    @Body() body: ConsentChangeDto,
  ) {
    return this.consents.change(actor, id, consentId, revision, body);
  }

  /** Takes it back. From the next request on its recipient sees nothing any more. */
  @Post('organisations/:id/consents/:consentId/revoke')
  @HttpCode(200)
  revoke(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('consentId', ParseUUIDPipe) consentId: string,
    @IfMatch() revision: number | null,
  ) {
    return this.consents.revoke(actor, id, consentId, revision);
  }

  /** A new link for the same consent; those given out before show nothing any more. */
  @SecretAnswer()
  @Post('organisations/:id/consents/:consentId/new-link')
  @HttpCode(200)
  renewLink(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('consentId', ParseUUIDPipe) consentId: string,
    @IfMatch() revision: number | null,
  ) {
    return this.consents.renewLink(actor, id, consentId, revision);
  }

  /** Whether others find the organisation, and the language of its mail. */
  @Put('organisations/:id/directory-entry')
  directoryEntry(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: DirectoryEntryDto,
  ) {
    return this.consents.setDirectoryEntry(actor, id, body);
  }
}

/** Reading about consents, for people and for tokens that read. */
@ApiTags('consent')
@Controller('api/v1')
export class SharingController {
  constructor(private readonly consents: ConsentsService) {}

  /** Everything that happened to the supplier's consents, newest first. */
  @Get('organisations/:id/consents/ledger')
  ledger(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Query() query: PageQuery) {
    return this.consents.ledger(actor, id, pageRequest(query.cursor, query.limit, 'number'));
  }

  /** "Who sees your data": a page that needs no script. */
  @Get('organisations/:id/consents/ledger.html')
  @Produces('text/html')
  @ApiQuery({ name: 'lang', enum: LANGUAGES, required: false })
  @Header('cache-control', 'no-store')
  async ledgerPage(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.consents.ledgerPage(actor, id);
    return page(reply, (nonce) => renderConsentLedgerHtml(view, locale, { nonce }));
  }

  /** Who sees something of the supplier because its sites are enrolled in programmes, and what. */
  @Get('organisations/:id/viewers')
  viewers(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.consents.viewers(actor, id);
  }

  /** What suppliers share, or shared, with the organisations of the person. */
  @Get('consents/received')
  received(@CurrentActor() actor: Actor) {
    return this.consents.received(actor);
  }

  /** Organisations that chose to be found, by a part of their name. */
  @Get('directory')
  directory(@CurrentActor() actor: Actor, @Query() query: DirectoryQuery) {
    return this.consents.directory(actor, query.search);
  }
}

@ApiTags('charter')
@Controller('api/v1')
export class CharterController {
  constructor(private readonly charters: CharterService) {}

  /** What the programme lets buyers, donors and the public see. */
  @Get('programmes/:id/charter')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.charters.get(actor, id);
  }

  /** Changes it at once; suppliers with an enrolled site are told. */
  @Put('programmes/:id/charter')
  put(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: CharterDto,
  ) {
    return this.charters.put(actor, id, revision, body);
  }

  /** Aggregates that identify nobody, as last published: for the agency, donors and authorities. */
  @Get('programmes/:id/aggregates')
  aggregates(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.charters.aggregates(actor, id);
  }

  /** A programme whose charter says public: its name, its agency, its aggregates. */
  @Public()
  @Get('public/programmes/:code')
  publicProgramme(@Param('code') code: string) {
    return this.charters.publicProgramme(code);
  }
}
