import { type Actor, ReadinessService } from '#application';
import type { BuyerRule } from '#domain';
import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { CurrentActor } from './http/auth.js';
import { SuppliersQuery } from './readiness.dto.js';

@ApiTags('readiness')
@Controller('api/v1')
export class ReadinessController {
  constructor(private readonly readiness: ReadinessService) {}

  /** Ready for whom, for which products, and what is missing where not. */
  @Get('sites/:id/readiness')
  ofSite(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.readiness.ofSite(actor, id);
  }

  /** The buyer's suppliers by status, each with why. */
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
  @ApiBody({ schema: { type: 'object', description: 'See checklists/schemas/buyer-rule.schema.json' } })
  async publishRule(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() rule: Record<string, unknown>,
  ) {
    return { id: await this.readiness.publishRule(actor, id, rule as unknown as BuyerRule) };
  }
}
