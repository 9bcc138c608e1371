import { type Actor, EvidenceService, pageRequest, type Uploader, type UploadProgress } from '#application';
import { DomainError, EVIDENCE_TYPES } from '#domain';
import {
  applyDecorators,
  Body,
  Controller,
  Delete,
  Get,
  Head,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConflictResponse,
  ApiConsumes,
  ApiHeader,
  ApiPreconditionFailedResponse,
  ApiResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EvidencePatchDto, EvidenceQuery, HashesDto, NewEvidenceDto } from './evidence.dto.js';
import { actingAs, OwnTransactions } from './http/actor.interceptor.js';
import { CurrentActor } from './http/auth.js';
import { Produces } from './http/openapi.js';
import { uploaded } from './http/page.js';
import { IfNoneMatch } from './http/revision.js';

/** What the next bytes of an upload are sent as (tus 1.0). */
export const UPLOAD_TYPE = 'application/offset+octet-stream';
const TUS = '1.0.0';

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: getSchemaPath('Problem') } } },
});
const NotYet = () =>
  ApiConflictResponse(problem('It has not come yet, or is still being prepared: try again in a moment.'));
const NoRoom = () => ApiServiceUnavailableResponse(problem('There is no room to store it now.'));
/** An answer of the tus protocol: without a body, its news in headers. */
const Tus = () =>
  applyDecorators(
    OwnTransactions(),
    ApiResponse({
      status: 204,
      headers: {
        'Upload-Offset': { description: 'How many bytes are here.', schema: { type: 'integer' } },
        'Upload-Length': { description: 'How many there will be.', schema: { type: 'integer' } },
        'Tus-Resumable': { description: 'Version of the protocol.', schema: { type: 'string' } },
      },
    }),
    NoRoom(),
    ApiConflictResponse(problem('It is at another place, or the assessment was closed meanwhile.')),
  );

@ApiTags('evidence')
@Controller('api/v1')
export class EvidenceController {
  constructor(private readonly evidence: EvidenceService) {}

  /** Evidence of an assessment, or of one answer. */
  @Get('assessments/:id/evidence')
  list(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() { requirement, state, cursor, limit }: EvidenceQuery,
  ) {
    const filter = { ...(requirement && { requirement }), ...(state && { state }) };
    return this.evidence.list(actor, id, filter, pageRequest(cursor, limit));
  }

  /**
   * Declares a file by its hash. What is here already is received at once; otherwise its bytes go to `uploadUrl` (tus).
   * Declared again, it is answered as it stands.
   */
  @Post('assessments/:id/evidence')
  @NoRoom()
  declare(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: NewEvidenceDto,
  ) {
    return this.evidence.declare(actor, id, body);
  }

  /** Which of these hashes are acknowledged: of them every byte is here, and whoever sent them may forget them. */
  @Post('assessments/:id/evidence/acknowledged')
  @HttpCode(200)
  acknowledged(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: HashesDto,
  ) {
    return this.evidence.acknowledged(actor, id, body.sha256);
  }

  /** One piece of evidence. */
  @Get('evidence/:id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.evidence.get(actor, id);
  }

  /** Changes what is said of it, while answers may change. */
  @Patch('evidence/:id')
  describe(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: EvidencePatchDto,
  ) {
    return this.evidence.describe(actor, id, body.caption);
  }

  /** Takes it back, while answers may change. */
  @Delete('evidence/:id')
  @HttpCode(204)
  async remove(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    await this.evidence.remove(actor, id);
  }

  /** How far its upload is (tus 1.0): go on from `Upload-Offset`. */
  @Head('evidence/:id/upload')
  @HttpCode(204)
  @Tus()
  async progress(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    tell(reply, await this.evidence.progress(uploader(request, actor), id));
  }

  /** Sends the next bytes (tus 1.0). Answered with the last ones: it is received, every byte of it is kept. */
  @Patch('evidence/:id/upload')
  @HttpCode(204)
  @Tus()
  @ApiConsumes(UPLOAD_TYPE)
  @ApiBody({ schema: { type: 'string', format: 'binary' }, required: true })
  @ApiHeader({ name: 'Tus-Resumable', required: true, description: 'Version of the protocol: 1.0.0.' })
  @ApiHeader({ name: 'Upload-Offset', required: true, description: 'Where these bytes belong.' })
  @ApiPreconditionFailedResponse(problem('Tus-Resumable is not 1.0.0.'))
  async receive(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    void reply.header('tus-resumable', TUS).header('tus-version', TUS);
    tell(
      reply,
      await this.evidence.receive(uploader(request, actor), id, () => placeOf(request), request.raw),
    );
  }

  /** What is kept of it: of a photograph without anything the camera wrote into it. Ranges are honoured. */
  @Get('evidence/:id/content')
  @Produces(...Object.keys(EVIDENCE_TYPES))
  @ApiResponse({ status: 206, type: String, description: 'The range that was asked for.' })
  @ApiHeader({ name: 'Range', required: false, description: 'One range of bytes.' })
  @NotYet()
  async content(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfNoneMatch() ifNoneMatch: string | undefined,
    @Req() { headers: { range } }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return uploaded(reply, await this.evidence.served(actor, id, 'content'), { range, ifNoneMatch });
  }

  /** A photograph, small: at most 320 pixels wide and high. */
  @Get('evidence/:id/thumbnail')
  @Produces('image/webp')
  @NotYet()
  async thumbnail(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfNoneMatch() ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return uploaded(reply, await this.evidence.served(actor, id, 'thumbnail'), { ifNoneMatch });
  }
}

const uploader = (request: FastifyRequest, actor: Actor): Uploader => ({
  ...actor,
  ...actingAs(request, actor),
});

function tell(reply: FastifyReply, { offset, size }: UploadProgress): void {
  void reply
    .header('tus-resumable', TUS)
    .header('upload-offset', String(offset))
    .header('upload-length', String(size))
    .header('cache-control', 'no-store');
}

/** Where the bytes of a request belong. @throws DomainError `tus-version-wrong`, `upload-request-wrong` */
function placeOf({ headers }: FastifyRequest): number {
  if (headers['tus-resumable'] !== TUS)
    throw new DomainError(
      'tus-version-wrong',
      'Uploads speak tus 1.0.0.',
      [{ field: 'Tus-Resumable', message: 'missing or another', fix: `Send Tus-Resumable: ${TUS}.` }],
      'stale',
    );
  const wrong = (field: string, fix: string) =>
    new DomainError('upload-request-wrong', 'The upload could not be understood.', [
      { field, message: 'missing or unreadable', fix },
    ]);
  if (headers['content-type'] !== UPLOAD_TYPE)
    throw wrong('Content-Type', `Send the bytes as ${UPLOAD_TYPE}.`);
  const offset = headers['upload-offset'];
  if (typeof offset !== 'string' || !/^\d{1,12}$/.test(offset))
    throw wrong('Upload-Offset', 'Ask with HEAD where the upload is.');
  return Number(offset);
}
