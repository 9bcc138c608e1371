import { type Actor, ExportsService, LeavingService } from '#application';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Post,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { ApiConflictResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor, PeopleOnly } from './http/auth.js';
import { Produces } from './http/openapi.js';
import { EraseDto, LeaveDto } from './people.dto.js';

@ApiTags("people's data")
@PeopleOnly()
@Controller('api/v1')
export class PeopleController {
  constructor(
    private readonly exports: ExportsService,
    private readonly leaving: LeavingService,
  ) {}

  /** Asks for an archive of everything the organisation owns. For its owners; made in the background. */
  @Post('organisations/:id/exports')
  @HttpCode(202)
  request(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.exports.request(actor, id);
  }

  /** How far an archive is, and until when it can be fetched. */
  @Get('exports/:id')
  @Header('cache-control', 'no-store')
  export(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.exports.get(actor, id);
  }

  /** The archive: a ZIP with a README and a manifest. */
  @Get('exports/:id/archive')
  @ApiConflictResponse({
    description: 'It is still being made, or was there too long ago.',
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath('Problem') } } },
  })
  @Produces('application/zip')
  @Header('cache-control', 'no-store')
  async archive(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { row, content } = await this.exports.archive(actor, id);
    void reply
      .type('application/zip')
      .header('content-disposition', `attachment; filename="uplift-${row.organisationId}.zip"`)
      .header('content-length', row.size!);
    return new StreamableFile(content);
  }

  /** Ends a supplier's participation, for good. Its data stay in aggregates; its names go after the retention. */
  @Post('organisations/:id/leave')
  @HttpCode(204)
  leave(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: LeaveDto) {
    return this.leaving.leave(actor, id, body);
  }

  /** Forgets the person who asks: account, name, address. What they did stays, under an id that names nobody. */
  @Delete('me')
  @HttpCode(204)
  erase(@CurrentActor() actor: Actor, @Body() body: EraseDto) {
    return this.leaving.eraseSelf(actor, body.confirm);
  }
}
