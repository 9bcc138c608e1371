import { type Actor, BuyersService, pageRequest, ReadinessService } from '#application';
import type { BuyerRule } from '#domain';
import { type Locale, tableCsv, tableXlsx } from '#reporting';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor } from './http/auth.js';
import { ReaderLocale } from './http/locale.js';
import { Produces } from './http/openapi.js';
import { download } from './http/page.js';
import { BuyerSitesQuery, SuppliersQuery, SupplierTableQuery } from './readiness.dto.js';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const RULE = {
  schema: { type: 'object', description: 'See checklists/schemas/buyer-rule.schema.json' },
} as const;

@ApiTags('readiness')
@Controller('api/v1')
export class ReadinessController {
  constructor(
    private readonly readiness: ReadinessService,
    private readonly buyers: BuyersService,
  ) {}

  /** Ready for whom, for which products, and what is missing where not. */
  @Get('sites/:id/readiness')
  ofSite(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.readiness.ofSite(actor, id);
  }

  /** The buyer's suppliers by status, each with why and the items behind it; the first thousand. */
  @Get('buyers/:id/suppliers')
  suppliers(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: SuppliersQuery,
  ) {
    return this.readiness.suppliers(actor, id, query.status);
  }

  /** Publishes a rule of the buyer (format `uplift.buyer-rule/1`). */
  @Post('buyers/:id/rules')
  @ApiBody(RULE)
  async publishRule(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() rule: Record<string, unknown>,
  ) {
    return { id: await this.readiness.publishRule(actor, id, rule as unknown as BuyerRule) };
  }

  /** The buyer's rules in force. */
  @Get('buyers/:id/rules')
  rules(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.buyers.rules(actor, id);
  }

  /** Who would be ready under a rule (format `uplift.buyer-rule/1`) that isn't published. Writes nothing. */
  @Post('buyers/:id/rules/preview')
  @HttpCode(200)
  @ApiBody(RULE)
  previewRule(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() rule: Record<string, unknown>,
  ) {
    return this.buyers.preview(actor, id, rule as unknown as BuyerRule);
  }

  /** Every site that the buyer sees, with its status under each rule, what fails, its certificate and what is shared. */
  @Get('buyers/:id/sites')
  sites(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: BuyerSitesQuery,
    @ReaderLocale() locale: Locale,
  ) {
    return this.buyers.sites(actor, id, pageRequest(query.cursor, query.limit), locale);
  }

  /** The same as CSV (RFC 4180, UTF-8). What people wrote is never a formula. */
  @Get('buyers/:id/suppliers.csv')
  @Produces('text/csv')
  async csv(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: SupplierTableQuery,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const table = await this.buyers.table(actor, id, locale, query.status);
    return download(reply, tableCsv(table), 'text/csv; charset=utf-8', 'suppliers.csv');
  }

  /** The same as XLSX, with days as days and numbers as numbers. */
  @Get('buyers/:id/suppliers.xlsx')
  @Produces(XLSX)
  async xlsx(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: SupplierTableQuery,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const table = await this.buyers.table(actor, id, locale, query.status);
    return download(reply, await tableXlsx(table), XLSX, 'suppliers.xlsx');
  }
}
