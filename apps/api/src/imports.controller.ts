import { type Actor, ImportsService, pageRequest } from '#application';
import { DomainError } from '#domain';
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { CurrentActor } from './http/auth.js';
import { ImportInspectionsDto, ImportInspectionsForm } from './imports.dto.js';
import { PageQuery } from './fields.dto.js';

/** Largest file, and all files together, as they are sent (packed or not). Larger ones go through the command line. */
export const UPLOAD_LIMIT = 64 * 1024 * 1024;
const MB = UPLOAD_LIMIT / 1024 / 1024;

@ApiTags('imports')
@Controller('api/v1/imports')
export class ImportsController {
  constructor(private readonly imports: ImportsService) {}

  /** Takes a folder of inspection records as a form; the worker imports it, all or nothing. Up to 64 MB in all. */
  @Post('inspections')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ type: ImportInspectionsForm })
  async importInspections(@CurrentActor() actor: Actor, @Req() request: FastifyRequest) {
    // Who may not import does not get to send files first.
    this.imports.mustImport(actor);
    const { fields, files } = await readForm(request);
    return this.imports.request(actor, { ...fields, files });
  }

  /** Imports of your agency, with their state. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: PageQuery) {
    return this.imports.list(actor, pageRequest(query.cursor, query.limit));
  }

  /** One import: state, step, the figures once it is done, every fault when it failed. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.imports.get(actor, id);
  }
}

async function readForm(
  request: FastifyRequest,
): Promise<{ fields: ImportInspectionsDto; files: Map<string, Buffer> }> {
  if (!request.isMultipart())
    throw new DomainError('form-required', 'Send the records as a form.', [
      { field: 'Content-Type', message: 'is not multipart/form-data', fix: 'Send multipart/form-data.' },
    ]);
  const tooLarge = new DomainError(
    'upload-too-large',
    `The files have more than ${MB} MB; pack them with gzip, or import them with \`uplift import inspections\`.`,
    [],
    'too-large',
  );
  const values: Record<string, unknown> = {};
  const files = new Map<string, Buffer>();
  let total = 0;
  try {
    for await (const part of request.parts() as AsyncIterable<MultipartFile | MultipartValue>) {
      if (part.type === 'field') {
        values[part.fieldname] = part.value;
        continue;
      }
      const content = await part.toBuffer();
      total += content.length;
      if (total > UPLOAD_LIMIT) throw tooLarge;
      if (files.has(part.filename))
        throw new DomainError('import-files-wrong', 'A file is there twice.', [
          { field: part.filename, message: 'is there twice' },
        ]);
      files.set(part.filename, content);
    }
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 413) throw tooLarge;
    throw error;
  }
  const fields = plainToInstance(ImportInspectionsDto, values);
  const wrong = validateSync(fields, { whitelist: true, forbidNonWhitelisted: true });
  if (wrong.length > 0)
    throw new DomainError(
      'invalid-request',
      'The form could not be understood.',
      wrong.flatMap((error) =>
        Object.values(error.constraints ?? {}).map((message) => ({ field: `/${error.property}`, message })),
      ),
    );
  return { fields, files };
}
