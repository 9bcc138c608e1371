import {
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  checkTranslation,
  DomainError,
  type ChecklistTranslation,
  type ChecklistVersion,
  type Crosswalk,
  type ScoringProfile,
  type TranslationStatus,
} from '#domain';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { LineCounter, parseDocument } from 'yaml';
import type { Locale } from '#reporting';
import { notFound } from './actor.js';
import { categoryNames, localisedVersion, withTexts } from './localised.js';
import { contentRoot, mustFollow } from './schemas.js';

/** JSON with sorted keys: the text a content hash is taken of. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 (hex) of the canonical JSON. */
export const contentHash = (value: unknown): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');

export type Content = ChecklistVersion | ChecklistTranslation | Crosswalk | ScoringProfile;

const schemaFiles: Readonly<Record<Content['format'], string>> = {
  'uplift.checklist/1': 'checklist.schema.json',
  'uplift.translation/1': 'translation.schema.json',
  'uplift.crosswalk/1': 'crosswalk.schema.json',
  'uplift.scoring-profile/1': 'scoring-profile.schema.json',
};
/**
 * Reads one content file (YAML or JSON) and checks it against its published JSON Schema.
 * @throws DomainError `content-unreadable` (with line and column) or `content-invalid` (every problem).
 */
export function parseContent(text: string): Content {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new DomainError(
      'content-unreadable',
      'The file is not valid YAML.',
      document.errors.map((error) => {
        const { line, col } = lineCounter.linePos(error.pos[0]);
        return {
          field: `line ${line}, column ${col}`,
          message: error.message.split('\n')[0] ?? 'unreadable',
        };
      }),
    );
  }
  let value: Content;
  try {
    value = document.toJS({ maxAliasCount: 50 }) as Content;
  } catch {
    throw new DomainError('content-unreadable', 'The file nests aliases too deeply or in a circle.');
  }
  const format = value?.format;
  if (!format || !Object.hasOwn(schemaFiles, format)) {
    throw new DomainError('content-invalid', 'The file does not say what it is.', [
      {
        field: '/format',
        message: 'unknown format',
        fix: `Use one of: ${Object.keys(schemaFiles).join(', ')}.`,
      },
    ]);
  }
  const schema = schemaFiles[format];
  return mustFollow<Content>(
    schema.replace('.schema.json', ''),
    value,
    'content-invalid',
    `The file does not follow ${schema}.`,
  );
}

export interface Published {
  readonly kind: Content['format'];
  readonly id: string;
  readonly created: boolean;
}

/** A published edition of a checklist, without what it asks. */
export interface ChecklistRow {
  readonly checklist: string;
  readonly version: string;
  readonly title: string;
  /** SHA-256 of its canonical JSON. */
  readonly contentHash: string;
  readonly publishedAt: Date;
  /** How many it has. */
  readonly requirements: number;
  readonly translations: readonly { readonly language: string; readonly status: TranslationStatus }[];
}

/** Publishes checklists, translations, crosswalks and scoring profiles. What is published never changes. */
export class ContentService {
  constructor(private readonly db: Database) {}

  /** Publishes files in an order in which each finds what it refers to; all or nothing. */
  async publishAll(texts: readonly string[]): Promise<Published[]> {
    const order = Object.keys(schemaFiles);
    const rank = (content: Content) =>
      content.format === 'uplift.scoring-profile/1' ? 0 : order.indexOf(content.format) + 1;
    const contents = texts.map(parseContent).sort((a, b) => rank(a) - rank(b));
    return this.db.transaction(async (tx) => {
      const published: Published[] = [];
      for (const content of contents) published.push(await this.publish(tx, content));
      return published;
    });
  }

  /** Publishes everything the product ships in `checklists/`. Published content is left as it is. */
  async publishShipped(): Promise<Published[]> {
    const root = contentRoot();
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['schemas', 'mappings', 'rules'].includes(entry.name))
      .map((entry) => join(root, entry.name));
    const files = folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => join(folder, file)),
    );
    return this.publishAll(files.sort().map((file) => readFileSync(file, 'utf8')));
  }

  /** Published checklist versions, with the languages they can be read in. */
  async checklists(): Promise<ChecklistRow[]> {
    return this.db.query(
      `SELECT v.checklist, v.version, v.title, v.content_hash AS "contentHash", v.published_at AS "publishedAt", jsonb_array_length(v.body->'requirements') AS requirements,
              coalesce((SELECT jsonb_agg(jsonb_build_object('language', t.language, 'status', t.status) ORDER BY t.language) FROM checklist_translation t WHERE t.checklist_version_id = v.id), '[]') AS translations
         FROM checklist_version v ORDER BY v.checklist, v.version`,
    );
  }

  /** A checklist version as it was published, or with its texts in a language. @throws DomainError `not-found`. */
  async checklist(checklist: string, version: string, locale?: Locale): Promise<ChecklistVersion> {
    const [row] = await this.db.query(
      `SELECT id, body FROM checklist_version WHERE checklist = $1 AND version = $2`,
      [checklist, version],
    );
    if (!row) throw notFound('checklist');
    return locale ? withTexts(row.body, await localisedVersion(this.db, row.id, row.body, locale)) : row.body;
  }

  /** Product categories that have a name. */
  categories(locale: Locale): { readonly code: string; readonly name: string }[] {
    return categoryNames(locale);
  }

  /** Published scoring profiles: whose they are, and which of their figures nobody has confirmed. */
  async profiles(): Promise<ScoringProfile[]> {
    const rows = await this.db.query(`SELECT body FROM scoring_profile ORDER BY profile, version`);
    return rows.map((row: { body: ScoringProfile }) => row.body);
  }

  private async publish(tx: EntityManager, content: Content): Promise<Published> {
    switch (content.format) {
      case 'uplift.checklist/1':
        checkChecklist(content);
        return this.insertVersioned(tx, 'checklist_version', 'checklist', content.checklist, content);
      case 'uplift.scoring-profile/1':
        checkProfile(content);
        return this.insertVersioned(tx, 'scoring_profile', 'profile', content.profile, content);
      case 'uplift.translation/1':
        return this.publishTranslation(tx, content);
      case 'uplift.crosswalk/1':
        return this.publishCrosswalk(tx, content);
    }
  }

  private async insertVersioned(
    tx: EntityManager,
    table: 'checklist_version' | 'scoring_profile',
    column: 'checklist' | 'profile',
    code: string,
    content: ChecklistVersion | ScoringProfile,
  ): Promise<Published> {
    const hash = contentHash(content);
    const [row] = await tx.query(
      `INSERT INTO ${table} (id, ${column}, version, title, content_hash, body) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (${column}, version) DO NOTHING RETURNING id`,
      [randomUUID(), code, content.version, content.title, hash, JSON.stringify(content)],
    );
    if (row) return { kind: content.format, id: row.id, created: true };
    const [existing] = await tx.query(
      `SELECT id, content_hash FROM ${table} WHERE ${column} = $1 AND version = $2`,
      [code, content.version],
    );
    if (existing.content_hash !== hash) {
      throw new DomainError(
        'version-published',
        `Version ${content.version} of ${code} is published and cannot be changed.`,
        [
          {
            field: '/version',
            message: 'already published with other content',
            fix: 'Give the changed file a new version.',
          },
        ],
        'conflict',
      );
    }
    return { kind: content.format, id: existing.id, created: false };
  }

  private async publishTranslation(tx: EntityManager, translation: ChecklistTranslation): Promise<Published> {
    const version = await loadVersion(tx, translation.checklist, translation.version);
    checkTranslation(translation, version.body);
    const [row] = await tx.query(
      `INSERT INTO checklist_translation (id, checklist_version_id, language, status, body) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (checklist_version_id, language) DO UPDATE SET status = excluded.status, body = excluded.body
       RETURNING id, (xmax = 0) AS created`,
      [randomUUID(), version.id, translation.language, translation.status, JSON.stringify(translation)],
    );
    return { kind: translation.format, id: row.id, created: row.created };
  }

  private async publishCrosswalk(tx: EntityManager, crosswalk: Crosswalk): Promise<Published> {
    const from = await loadVersion(tx, crosswalk.from.checklist, crosswalk.from.version);
    const to = await loadVersion(tx, crosswalk.to.checklist, crosswalk.to.version);
    checkCrosswalk(crosswalk, from.body, to.body);
    const hash = contentHash(crosswalk);
    const [row] = await tx.query(
      `INSERT INTO crosswalk (id, from_version_id, to_version_id, content_hash, body) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (from_version_id, to_version_id) DO NOTHING RETURNING id`,
      [randomUUID(), from.id, to.id, hash, JSON.stringify(crosswalk)],
    );
    if (row) return { kind: crosswalk.format, id: row.id, created: true };
    const [existing] = await tx.query(
      `SELECT id, content_hash FROM crosswalk WHERE from_version_id = $1 AND to_version_id = $2`,
      [from.id, to.id],
    );
    if (existing.content_hash !== hash) {
      throw new DomainError(
        'version-published',
        'A different crosswalk between these versions is published.',
        [],
        'conflict',
      );
    }
    return { kind: crosswalk.format, id: existing.id, created: false };
  }
}

/** A published checklist version by code and version. @throws DomainError `unknown-checklist`. */
export async function loadVersion(
  tx: { query: EntityManager['query'] },
  checklist: string,
  version: string,
): Promise<{ id: string; body: ChecklistVersion }> {
  const [row] = await tx.query(
    `SELECT id, body FROM checklist_version WHERE checklist = $1 AND version = $2`,
    [checklist, version],
  );
  if (!row) {
    throw new DomainError(
      'unknown-checklist',
      `There is no published version ${version} of the checklist ${checklist}.`,
      [
        {
          field: '/checklist',
          message: 'not published',
          fix: 'Publish the checklist first, or correct its code and version.',
        },
      ],
    );
  }
  return row;
}
