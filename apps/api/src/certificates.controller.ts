import { type Actor, CertificatesService } from '#application';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DecisionDto, NewCertificateDto } from './certificates.dto.js';
import { CurrentActor } from './http/auth.js';
import { IfMatch, withEtag } from './http/revision.js';

@ApiTags('certificates')
@Controller('api/v1')
export class CertificatesController {
  constructor(private readonly certificates: CertificatesService) {}

  /** Certificates of a site, newest first; buyers see issued ones. */
  @Get('sites/:id/certificates')
  list(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.certificates.list(actor, id);
  }

  /** Proposes a certificate for a closed assessment that passed. */
  @Post('certificates')
  async propose(
    @CurrentActor() actor: Actor,
    @Body() body: NewCertificateDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.certificates.propose(actor, body.assessmentId));
  }

  /** One certificate with its status today and its history. */
  @Get('certificates/:id')
  async get(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.certificates.get(actor, id));
  }

  /** Issues, returns, suspends, restores or withdraws. Four eyes are checked. */
  @Post('certificates/:id/decision')
  @HttpCode(200)
  async decide(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: DecisionDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return withEtag(reply, await this.certificates.act(actor, id, body.action, body.reason, revision));
  }
}
