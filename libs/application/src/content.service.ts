import {
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  checkTranslation,
  DomainError,
  type FieldProblem,
  isBlank,
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
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { Locale } from '#reporting';
import { notFound } from './actor.js';
import { categoryNames, localisedVersion, withTexts } from './localised.js';
import { contentRoot, mustFollow } from './schemas.js';
import { type EditionName, type Withdrawal, withdrawals } from './withdrawals.js';

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
 * @throws DomainError `content-unreadable` (with line and column) or `content-invalid` (every problem, with its line).
 */
export const parseContent = (text: string): Content => readContent(text).content;

/** Content, and how to say where in its file the problems of an error are. */
interface ReadContent {
  readonly content: Content;
  readonly placed: (error: DomainError) => DomainError;
}

function readContent(text: string): ReadContent {
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
          line,
          column: col,
        };
      }),
    );
  }
  const placed = (error: DomainError): DomainError =>
    withFields(error, (problem) =>
      problem.line === undefined && problem.field.startsWith('/')
        ? { ...problem, ...placeOf(problem.field, document, lineCounter) }
        : problem,
    );
  let value: Content;
  try {
    value = document.toJS({ maxAliasCount: 50 }) as Content;
  } catch {
    throw new DomainError('content-unreadable', 'The file nests aliases too deeply or in a circle.');
  }
  const format = value?.format;
  if (!format || !Object.hasOwn(schemaFiles, format)) {
    throw placed(
      new DomainError('content-invalid', 'The file does not say what it is.', [
        {
          field: '/format',
          message: 'unknown format',
          fix: `Use one of: ${Object.keys(schemaFiles).join(', ')}.`,
        },
      ]),
    );
  }
  const schema = schemaFiles[format];
  const content = placing(placed, () =>
    mustFollow<Content>(
      schema.replace('.schema.json', ''),
      value,
      'content-invalid',
      `The file does not follow ${schema}.`,
    ),
  );
  return { content, placed };
}

const withFields = (error: DomainError, change: (problem: FieldProblem) => FieldProblem): DomainError =>
  new DomainError(error.code, error.message, error.fields.map(change), error.kind);

/** Does something; what it is refused for is said with its place. */
function placing<T>(placed: (error: DomainError) => DomainError, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof DomainError ? placed(error) : error;
  }
}

/** Where what a JSON pointer names is written; of what is missing, where that is which it is missing from. */
function placeOf(
  pointer: string,
  document: Document.Parsed,
  lines: LineCounter,
): { line: number; column: number } {
  let node: Node | null | undefined = document.contents;
  let at = node?.range?.[0] ?? 0;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isMap<Node, Node | null>(node)) {
      const pair: Pair<Node, Node | null> | undefined = node.items.find(
        ({ key }) => isScalar(key) && String(key.value) === name,
      );
      if (!pair) break;
      at = pair.key.range?.[0] ?? at;
      node = pair.value;
    } else if (isSeq<Node>(node)) {
      node = node.items[Number(name)];
      if (!node) break;
      at = node.range?.[0] ?? at;
    } else break;
  }
  const { line, col } = lines.linePos(at);
  return { line, column: col };
}

/** Reads every file; what is wrong with any of them is said at once, with file (when there are several) and line. */
function readAll(texts: readonly string[]): ReadContent[] {
  const read: ReadContent[] = [];
  const refused: DomainError[] = [];
  texts.forEach((text, file) => {
    const inFile = (error: DomainError) =>
      texts.length > 1 ? withFields(error, (problem) => ({ ...problem, file })) : error;
    try {
      const { content, placed } = readContent(text);
      read.push({ content, placed: (error) => inFile(placed(error)) });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // Without a field of its own, so that the file is said.
      const { fields, message } = error;
      refused.push(
        inFile(fields.length > 0 ? error : new DomainError(error.code, message, [{ field: '/', message }])),
      );
    }
  });
  const [first] = refused;
  if (first)
    throw new DomainError(
      first.code,
      first.message,
      refused.flatMap(({ fields }) => fields),
    );
  return read;
}

export interface Published {
  readonly kind: Content['format'];
  /** Code and version, or those of both editions of a crosswalk; of a translation, its language besides. */
  readonly name: string;
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
  /** In force: no new assessment begins with it. */
  readonly withdrawn: Withdrawal | null;
  /** Withdrawals that were taken back, the newest first. */
  readonly reinstated: readonly PastWithdrawal[];
}

/** A withdrawal that is over. */
export interface PastWithdrawal {
  readonly from: Date;
  readonly reason: string;
  readonly until: Date;
  /** Why it was reinstated. */
  readonly because: string;
}

/** Publishes checklists, translations, crosswalks and scoring profiles. What is published never changes. */
export class ContentService {
  constructor(private readonly db: Database) {}

  /**
   * Publishes files in an order in which each finds what it refers to; all or nothing. With `check` nothing is published in the
   * end, and the answer says what would be.
   * @throws DomainError with every problem of every file that can't be read, else those of the first that doesn't hold together.
   */
  async publishAll(texts: readonly string[], { check = false } = {}): Promise<Published[]> {
    const order = Object.keys(schemaFiles);
    const rank = (content: Content) =>
      content.format === 'uplift.scoring-profile/1' ? 0 : order.indexOf(content.format) + 1;
    const files = readAll(texts).sort((a, b) => rank(a.content) - rank(b.content));
    return this.db.transaction(async (tx) => {
      if (check) await tx.query('SAVEPOINT as_it_was');
      const published: Published[] = [];
      for (const { content, placed } of files) {
        published.push(
          await this.publish(tx, content).catch((error: unknown) => {
            throw error instanceof DomainError ? placed(error) : error;
          }),
        );
      }
      if (check) await tx.query('ROLLBACK TO SAVEPOINT as_it_was');
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
    const withdrawn = await withdrawals(this.db);
    const rows: (Omit<ChecklistRow, 'withdrawn'> & { id: string })[] = await this.db.query(
      `SELECT v.id, v.checklist, v.version, v.title, v.content_hash AS "contentHash", v.published_at AS "publishedAt", jsonb_array_length(v.body->'requirements') AS requirements,
              coalesce((SELECT jsonb_agg(jsonb_build_object('language', t.language, 'status', t.status) ORDER BY t.language) FROM checklist_translation t WHERE t.checklist_version_id = v.id), '[]') AS translations,
              coalesce((SELECT jsonb_agg(jsonb_build_object('from', w.withdrawn_at, 'reason', w.reason, 'until', w.reinstated_at, 'because', w.reinstate_reason)
                                         ORDER BY w.reinstated_at DESC) FROM checklist_withdrawal w WHERE w.checklist_version_id = v.id AND w.reinstated_at IS NOT NULL), '[]') AS reinstated
         FROM checklist_version v ORDER BY v.checklist, v.version`,
    );
    return rows.map(({ id, ...row }) => ({ ...row, withdrawn: withdrawn.get(id) ?? null }));
  }

  /**
   * Withdraws a version: no new assessment begins with it. The version, and what was begun with it, stay as they are.
   * @throws DomainError `not-found`, `unknown-checklist`, `successor-withdrawn`, `already-withdrawn`
   */
  async withdraw(
    { checklist, version }: Omit<EditionName, 'title'>,
    { reason, successor }: { reason: string; successor?: Omit<EditionName, 'title'> | undefined },
  ): Promise<ChecklistRow> {
    mustHaveReason(reason, 'withdraw');
    await this.db.transaction(async (tx) => {
      const id = await this.lockVersion(tx, checklist, version);
      const next = successor && (await loadVersion(tx, successor.checklist, successor.version));
      const withdrawn = await withdrawals(tx);
      if (withdrawn.has(id))
        throw new DomainError(
          'already-withdrawn',
          'This version is withdrawn already.',
          [
            {
              field: '/version',
              message: 'withdrawn',
              fix: 'Reinstate it first, to withdraw it for another reason.',
            },
          ],
          'conflict',
        );
      if (next && (next.id === id || withdrawn.has(next.id)))
        throw new DomainError('successor-withdrawn', 'What is to be used instead must be offered itself.', [
          { field: '/successor', message: 'not offered', fix: 'Name another version, or none.' },
        ]);
      await tx.query(
        `INSERT INTO checklist_withdrawal (id, checklist_version_id, successor_id, reason) VALUES ($1, $2, $3, $4)`,
        [randomUUID(), id, next?.id ?? null, reason],
      );
    });
    return this.row(checklist, version);
  }

  /** Takes a withdrawal back. @throws DomainError `not-found`, `not-withdrawn` */
  async reinstate({ checklist, version }: Omit<EditionName, 'title'>, reason: string): Promise<ChecklistRow> {
    mustHaveReason(reason, 'reinstate');
    await this.db.transaction(async (tx) => {
      const id = await this.lockVersion(tx, checklist, version);
      const [, over] = await tx.query(
        `UPDATE checklist_withdrawal SET reinstated_at = now(), reinstate_reason = $2 WHERE checklist_version_id = $1 AND reinstated_at IS NULL`,
        [id, reason],
      );
      if (!over) throw new DomainError('not-withdrawn', 'This version is not withdrawn.', [], 'conflict');
    });
    return this.row(checklist, version);
  }

  private async row(checklist: string, version: string): Promise<ChecklistRow> {
    const rows = await this.checklists();
    return rows.find((each) => each.checklist === checklist && each.version === version)!;
  }

  /** One withdraws or reinstates at a time, so that no two are withdrawn for each other. @throws DomainError `not-found` */
  private async lockVersion(tx: EntityManager, checklist: string, version: string): Promise<string> {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('checklist_withdrawal'))`);
    const [row] = await tx.query(`SELECT id FROM checklist_version WHERE checklist = $1 AND version = $2`, [
      checklist,
      version,
    ]);
    if (!row) throw notFound('checklist');
    return row.id as string;
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

  /** Published crosswalks from and to any edition of a checklist. @throws DomainError `not-found`. */
  async lineage(checklist: string): Promise<Crosswalk[]> {
    const [known] = await this.db.query(`SELECT 1 FROM checklist_version WHERE checklist = $1 LIMIT 1`, [
      checklist,
    ]);
    if (!known) throw notFound('checklist');
    const rows = await this.db.query<{ body: Crosswalk }[]>(
      `SELECT c.body FROM crosswalk c
         JOIN checklist_version f ON f.id = c.from_version_id JOIN checklist_version t ON t.id = c.to_version_id
        WHERE f.checklist = $1 OR t.checklist = $1 ORDER BY f.checklist, f.version, t.checklist, t.version`,
      [checklist],
    );
    return rows.map(({ body }) => body);
  }

  /** A translation of a checklist version. @throws DomainError `not-found`. */
  async translation(checklist: string, version: string, language: string): Promise<ChecklistTranslation> {
    const [row] = await this.db.query(
      `SELECT t.body FROM checklist_translation t JOIN checklist_version v ON v.id = t.checklist_version_id
        WHERE v.checklist = $1 AND v.version = $2 AND t.language = $3`,
      [checklist, version, language],
    );
    if (!row) throw notFound('translation');
    return row.body;
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
    const name = `${code} ${content.version}`;
    const [row] = await tx.query(
      `INSERT INTO ${table} (id, ${column}, version, title, content_hash, body) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (${column}, version) DO NOTHING RETURNING id`,
      [randomUUID(), code, content.version, content.title, hash, JSON.stringify(content)],
    );
    if (row) return { kind: content.format, name, id: row.id, created: true };
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
    return { kind: content.format, name, id: existing.id, created: false };
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
    const name = `${translation.checklist} ${translation.version} ${translation.language}`;
    return { kind: translation.format, name, id: row.id, created: row.created };
  }

  private async publishCrosswalk(tx: EntityManager, crosswalk: Crosswalk): Promise<Published> {
    const from = await loadVersion(tx, crosswalk.from.checklist, crosswalk.from.version);
    const to = await loadVersion(tx, crosswalk.to.checklist, crosswalk.to.version);
    checkCrosswalk(crosswalk, from.body, to.body);
    const hash = contentHash(crosswalk);
    const name = `${from.body.checklist} ${from.body.version} → ${to.body.checklist} ${to.body.version}`;
    const [row] = await tx.query(
      `INSERT INTO crosswalk (id, from_version_id, to_version_id, content_hash, body) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (from_version_id, to_version_id) DO NOTHING RETURNING id`,
      [randomUUID(), from.id, to.id, hash, JSON.stringify(crosswalk)],
    );
    if (row) return { kind: crosswalk.format, name, id: row.id, created: true };
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
    return { kind: crosswalk.format, name, id: existing.id, created: false };
  }
}

/** @throws DomainError `reason-required` */
function mustHaveReason(reason: string, action: string): void {
  if (isBlank(reason))
    throw new DomainError('reason-required', `"${action}" needs a reason.`, [
      { field: '/reason', message: 'is empty', fix: 'Say in a sentence why.' },
    ]);
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
