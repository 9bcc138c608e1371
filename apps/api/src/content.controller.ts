import { type Actor, actsAs, ContentService, forbidden, notFound } from '#application';
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Database } from '#persistence';
import { CurrentActor } from './http/auth.js';
import { ContentImportDto } from './content.dto.js';

@ApiTags('content')
@Controller('api/v1')
export class ContentController {
  constructor(
    private readonly content: ContentService,
    private readonly db: Database,
  ) {}

  /** Published checklist versions, with the languages they can be read in. */
  @Get('checklists')
  checklists() {
    return this.db.query(
      `SELECT v.checklist, v.version, v.title, v.content_hash AS "contentHash", v.published_at AS "publishedAt", jsonb_array_length(v.body->'requirements') AS requirements,
              coalesce((SELECT jsonb_agg(jsonb_build_object('language', t.language, 'status', t.status) ORDER BY t.language) FROM checklist_translation t WHERE t.checklist_version_id = v.id), '[]') AS translations
         FROM checklist_version v ORDER BY v.checklist, v.version`,
    );
  }

  /** A checklist version as it was published. */
  @Get('checklists/:checklist/:version')
  async checklist(@Param('checklist') checklist: string, @Param('version') version: string) {
    const [row] = await this.db.query(
      `SELECT body FROM checklist_version WHERE checklist = $1 AND version = $2`,
      [checklist, version],
    );
    if (!row) throw notFound('checklist');
    return row.body;
  }

  /** Published scoring profiles: whose they are, and which of their figures nobody has confirmed. */
  @Get('profiles')
  async profiles() {
    const rows = await this.db.query(`SELECT body FROM scoring_profile ORDER BY profile, version`);
    return rows.map((row: { body: unknown }) => row.body);
  }

  /** Publishes checklists, translations, crosswalks and profiles: all of the files, or none. */
  @Post('content')
  publish(@CurrentActor() actor: Actor, @Body() body: ContentImportDto) {
    if (!actsAs(actor, ['owner', 'programme-manager'], ['development-agency']))
      throw forbidden('Only an agency publishes content.');
    return this.content.publishAll(body.files);
  }
}
