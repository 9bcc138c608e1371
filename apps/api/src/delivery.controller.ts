import { type Actor, CertificatesService, pageRequest, ReadinessService, VisitsService } from '#application';
import type { BuyerRule } from '#domain';
import { Body, Controller, Get, Header, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { CurrentActor } from './http/auth.js';
import { AbsenceDto, DecisionDto, NewCertificateDto, SuppliersQuery, VisitsQuery } from './requests.dto.js';

@ApiTags('visits')
@Controller('api/v1')
export class VisitsController {
  constructor(private readonly visits: VisitsService) {}

  @Get('visits')
  list(@CurrentActor() actor: Actor, @Query() query: VisitsQuery) {
    return this.visits.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  @Get('visits/:id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.visits.get(actor, id);
  }

  /** The invitation as iCalendar. */
  @Get('visits/:id/invitation.ics')
  @Header('content-type', 'text/calendar; charset=utf-8')
  invitation(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.visits.invitation(actor, id);
  }

  /** Assessors and mentors of the programmes the actor takes part in, with their absences and planned visits. */
  @Get('assessors')
  assessors(@CurrentActor() actor: Actor) {
    return this.visits.assessors(actor);
  }

  /** Records an absence; visits planned in it move. */
  @Post('assessors/:id/absences')
  absence(@CurrentActor() actor: Actor, @Param('id') id: string, @Body() body: AbsenceDto) {
    return this.visits.addAbsence(actor, id, body);
  }
}

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

@ApiTags('certificates')
@Controller('api/v1')
export class CertificatesController {
  constructor(private readonly certificates: CertificatesService) {}

  @Get('sites/:id/certificates')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.certificates.list(actor, id);
  }

  /** Proposes a certificate for a closed assessment that passed. */
  @Post('certificates')
  propose(@CurrentActor() actor: Actor, @Body() body: NewCertificateDto) {
    return this.certificates.propose(actor, body.assessmentId);
  }

  @Get('certificates/:id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.certificates.get(actor, id);
  }

  /** Issues, returns, suspends, restores or withdraws. Four eyes are checked. */
  @Post('certificates/:id/decision')
  @HttpCode(200)
  decide(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: DecisionDto) {
    return this.certificates.act(actor, id, body.action, body.reason);
  }
}
