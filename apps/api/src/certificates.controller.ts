import { type Actor, CertificatesService, pageRequest } from '#application';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CertificatesQuery, DecisionDto, NewCertificateDto } from './certificates.dto.js';
import { CurrentActor } from './http/auth.js';
import { IfMatch } from './http/revision.js';

@ApiTags('certificates')
@Controller('api/v1')
export class CertificatesController {
  constructor(private readonly certificates: CertificatesService) {}

  /** Certificates of a site, newest first; buyers see issued ones. */
  @Get('sites/:id/certificates')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.certificates.list(actor, id);
  }

  /** Certificates of every site the caller sees; buyers see issued ones. */
  @Get('certificates')
  all(@CurrentActor() actor: Actor, @Query() query: CertificatesQuery) {
    return this.certificates.all(actor, query.state, pageRequest(query.cursor, query.limit));
  }

  /** Proposes a certificate for a closed assessment that passed. */
  @Post('certificates')
  propose(@CurrentActor() actor: Actor, @Body() body: NewCertificateDto) {
    return this.certificates.propose(actor, body.assessmentId);
  }

  /** One certificate with its status today and its history. */
  @Get('certificates/:id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.certificates.get(actor, id);
  }

  /** Issues, returns, suspends, restores or withdraws. Four eyes are checked. */
  @Post('certificates/:id/decision')
  @HttpCode(200)
  decide(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: DecisionDto,
  ) {
    return this.certificates.act(actor, id, body.action, body.reason, revision);
  }
}
