import type { Database } from '#persistence';
import { EVIDENCE_TYPES, type EvidenceType } from '#domain';
import {
  type AuditKeys,
  DamagedDocumentError,
  type DocumentStore,
  type ObjectStore,
  signCheckpoint,
} from '#platform';
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { auditLines } from '../audit/audit.service.js';
import { headOf } from '../audit/checkpoints.js';
import { evidenceKey } from '../evidence.service.js';

interface Noun {
  readonly file: string;
  readonly what: string;
  /** One JSON value a row in `data`, in the order of `id`, which must be after $2; at most $3 rows. $1: organisation. */
  readonly sql: string;
  /** Rows at a time: an assessment carries its answers, so fewer of them. */
  readonly batch: number;
}

const SITES = `(SELECT id FROM site WHERE organisation_id = $1)`;
const OF_SITES = `(x.kind = 'certificate' AND x.subject_id IN (SELECT id FROM certificate WHERE site_id IN ${SITES})
  OR x.kind = 'gap-report' AND x.subject_id IN (SELECT id FROM assessment WHERE site_id IN ${SITES}))`;
const page = (data: string, from: string, id = 'x.id'): string =>
  `SELECT ${id}::text AS id, ${data} AS data FROM ${from} AND ($2::uuid IS NULL OR ${id} > $2) ORDER BY ${id} LIMIT $3`;

/** What an organisation owns, noun by noun. docs/peoples-data.md describes the files. */
const NOUNS: readonly Noun[] = [
  {
    file: 'organisation.json',
    what: 'The organisation, and the programmes it or its sites take part in.',
    batch: 1,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('programmes', (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('id', p.id, 'code', p.code, 'name', p.name)), '[]')
         FROM programme p WHERE EXISTS (SELECT 1 FROM programme_participant pp WHERE pp.programme_id = p.id AND pp.organisation_id = x.id)
           OR EXISTS (SELECT 1 FROM cohort c JOIN enrolment e ON e.cohort_id = c.id JOIN site s ON s.id = e.site_id WHERE c.programme_id = p.id AND s.organisation_id = x.id)))`,
      `organisation x WHERE x.id = $1`,
    ),
  },
  {
    file: 'consents.json',
    what: 'What it has granted to whom, for what and until when.',
    batch: 200,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('sites', (SELECT coalesce(jsonb_agg(g.site_id), '[]') FROM consent_grant_site g WHERE g.grant_id = x.id))`,
      `consent_grant x WHERE x.supplier_id = $1`,
    ),
  },
  {
    file: 'members.json',
    what: 'Who belongs to it, and in which roles.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('name', person_name(x.user_id))`,
      `membership x WHERE x.organisation_id = $1`,
    ),
  },
  {
    file: 'sites.json',
    what: 'Its sites, each with the cohorts it is or was enrolled in.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('enrolments', (SELECT coalesce(jsonb_agg(to_jsonb(e) || jsonb_build_object('cohort', c.name, 'programme', p.name) ORDER BY e.enrolled_on), '[]')
         FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN programme p ON p.id = c.programme_id WHERE e.site_id = x.id))`,
      `site x WHERE x.organisation_id = $1`,
    ),
  },
  {
    file: 'assessments.json',
    what: 'Assessments, each with its answers and what they came from, its score as found and after closure item by item, how often and why it was sent back with what was in question, its findings, and what was said of their correction and closure.',
    batch: 10,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('checklist', v.checklist, 'version', v.version, 'profile', f.profile || ' ' || f.version, 'assessor', person_name(x.assessor_id), 'reviewer', person_name(x.reviewer_id),
         'record', (SELECT d.body FROM assessment_record d WHERE d.assessment_id = x.id),
         'responses', (SELECT coalesce(jsonb_agg(to_jsonb(r) - 'assessment_id' || jsonb_build_object('answered_by', coalesce(w.answered_by, (SELECT d.body->>'by' FROM assessment_record d WHERE d.assessment_id = x.id))) ORDER BY r.requirement), '[]')
            FROM full_response r LEFT JOIN response w ON w.assessment_id = r.assessment_id AND w.requirement = r.requirement WHERE r.assessment_id = x.id),
         'operations', (SELECT coalesce(jsonb_agg(to_jsonb(o) - 'assessment_id' || jsonb_build_object('by_name', person_name(o.user_id)) ORDER BY o.requirement, o.received_at, o.id), '[]') FROM operation o WHERE o.assessment_id = x.id),
         'score', (SELECT to_jsonb(s) - 'assessment_id' FROM assessment_score_explained s WHERE s.assessment_id = x.id),
         'returns', (SELECT coalesce(jsonb_agg(to_jsonb(k) - 'assessment_id' || jsonb_build_object('returned_by_name', person_name(k.returned_by)) ORDER BY k.returned_at, k.id), '[]') FROM review_return k WHERE k.assessment_id = x.id),
         'findings', (SELECT coalesce(jsonb_agg(to_jsonb(n) - 'assessment_id' ORDER BY n.requirement), '[]') FROM finding n WHERE n.assessment_id = x.id),
         'closures', (SELECT coalesce(jsonb_agg(to_jsonb(k) - 'assessment_id' || jsonb_build_object('closed_by_name', person_name(k.closed_by), 'reopened_by_name', person_name(k.reopened_by)) ORDER BY k.requirement, k.closed_at), '[]') FROM finding_closure k WHERE k.assessment_id = x.id),
         'corrections', (SELECT coalesce(jsonb_agg(to_jsonb(k) - 'assessment_id' || jsonb_build_object('written_by_name', person_name(k.written_by), 'decided_by_name', person_name(k.decided_by)) ORDER BY k.requirement, k.created_at), '[]') FROM correction k WHERE k.assessment_id = x.id))`,
      `assessment x JOIN checklist_version v ON v.id = x.checklist_version_id JOIN scoring_profile f ON f.id = x.scoring_profile_id WHERE x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'evidence.json',
    what: 'Photographs and documents put forward for answers; each that has come as evidence/<SHA-256 of what is kept>.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('declared_by_name', person_name(x.declared_by))`,
      `evidence x WHERE x.organisation_id = $1`,
    ),
  },
  {
    file: 'gains.json',
    what: 'Gains from baseline to follow-up, with their parts and denominators.',
    batch: 100,
    sql: page(`to_jsonb(x)`, `gain_explained x WHERE x.site_id IN ${SITES}`, 'x.follow_up_id'),
  },
  {
    file: 'readiness.json',
    what: 'How ready its sites are for which buyer, and why.',
    batch: 100,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('buyer', o.name, 'rule', b.rule, 'version', b.version)`,
      `readiness_explained x JOIN buyer_rule_row b ON b.id = x.buyer_rule_id JOIN organisation o ON o.id = b.buyer_id WHERE x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'visits.json',
    what: 'Visits to its sites.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('assessor', person_name(x.assessor_id))`,
      `visit x WHERE x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'engagements.json',
    what: 'Who coached or advised its sites, when, on whose behalf and who paid.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('person', person_name(x.person_id), 'organisation', (SELECT o.name FROM organisation o WHERE o.id = x.organisation_id))`,
      `engagement x WHERE x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'impartiality-exceptions.json',
    what: 'Breaches of impartiality that programmes have allowed at its sites, with their reasons.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('person', person_name(x.person_id), 'recorded_by_name', person_name(x.recorded_by))`,
      `impartiality_exception x WHERE x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'complaints.json',
    what: 'Complaints and appeals it raised, and those about its sites; of the latter not by whom, where that is confidential.',
    batch: 500,
    sql: page(
      `to_jsonb(x) || jsonb_build_object('own', own.yes)`,
      `complaint x CROSS JOIN LATERAL (SELECT x.id = ANY (complaints_of($1)) AS yes) own WHERE own.yes OR x.site_id IN ${SITES}`,
    ),
  },
  {
    file: 'certificates.json',
    what: 'Certificates with what they state and every step of their life. Issued ones as PDF in certificates/.',
    batch: 100,
    sql: page(`to_jsonb(x)`, `certificate x WHERE x.site_id IN ${SITES}`),
  },
  {
    file: 'documents.json',
    what: 'Documents that were issued and kept as they were, in every language; each as documents/<SHA-256>.pdf.',
    batch: 500,
    sql: page(`to_jsonb(x)`, `document x WHERE ${OF_SITES}`),
  },
];

export interface ArchiveInput {
  readonly db: Database;
  readonly organisation: string;
  readonly file: string;
  readonly keys: AuditKeys;
  /** Where kept documents are. */
  readonly documents: DocumentStore;
  /** Where evidence is. */
  readonly evidence: ObjectStore;
  readonly pdf: (certificateId: string) => Promise<Buffer>;
}

interface Entry {
  readonly path: string;
  readonly what: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes the archive as a stream: what it holds in memory is a page of rows, however much the organisation owns. The
 * file appears whole or not at all.
 */
export async function writeArchive(input: ArchiveInput): Promise<{ size: number; sha256: string }> {
  const { db, organisation, file, keys } = input;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const zip = new ZipFile();
  const out = zip.outputStream as unknown as Readable;
  // yazl tells of a stream that breaks on the archive itself.
  zip.on('error', (error) => out.destroy(error as Error));
  const entries: Entry[] = [];
  const add = (path: string, what: string, content: () => AsyncIterable<string | Buffer>): void =>
    zip.addReadStreamLazy(path, { mode: 0o600 }, (done) =>
      done(null, Readable.from(counted(path, what, content(), entries), { objectMode: false })),
    );

  // First, so that the trail reaches at least as far.
  const checkpoint = await signCheckpoint(keys, await db.as({}, (tx) => headOf(tx, organisation)));
  add('README.md', 'This description.', () => text(readme()));
  for (const noun of NOUNS) add(noun.file, noun.what, () => jsonArray(rowsOf(db, noun, organisation)));
  for await (const { id, number } of issued(db, organisation))
    add(`certificates/${number}.pdf`, 'The certificate as issued, in English.', () =>
      lazily(() => input.pdf(id)),
    );
  for await (const sha256 of keptDocuments(db, organisation, input.documents))
    add(`documents/${sha256}.pdf`, 'A document as it was issued; documents.json says which.', () =>
      lazily(async () => (await input.documents.get(sha256))!.bytes),
    );
  for await (const { name, key } of keptEvidence(db, organisation, input.evidence))
    add(`evidence/${name}`, 'A photograph or document of evidence; evidence.json says of what.', () =>
      streamed(() => input.evidence.read(key)),
    );
  add('audit/trail.jsonl', 'Its audit trail.', () => auditLines(db, {}, organisation));
  add('audit/checkpoint.json', 'What its audit trail looked like, signed.', () => text(json(checkpoint)));
  add('audit/audit-keys.json', 'The public keys the checkpoint is checked with.', () =>
    text(json(keys.published)),
  );
  zip.addReadStreamLazy('manifest.json', { mode: 0o600 }, (done) =>
    done(
      null,
      Readable.from([
        json({ format: 'uplift.export/1', organisation, madeAt: new Date().toISOString(), files: entries }),
      ]),
    ),
  );
  zip.end();

  const fresh = `${file}.${randomUUID()}.part`;
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(out, measure, createWriteStream(fresh, { mode: 0o600, flags: 'wx' }));
    await rename(fresh, file);
  } finally {
    await rm(fresh, { force: true });
  }
  return { size, sha256: hash.digest('hex') };
}

async function* counted(
  path: string,
  what: string,
  content: AsyncIterable<string | Buffer>,
  entries: Entry[],
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of content) {
    const chunk = Buffer.from(part as string);
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  entries.push({ path, what, bytes, sha256: hash.digest('hex') });
}

/** Page by page, each in a transaction of its own: a long one would hold up the database's own housekeeping. */
async function* rowsOf(db: Database, { sql, batch }: Noun, organisation: string): AsyncGenerator<unknown> {
  for (let after: string | null = null; ;) {
    const rows: { id: string; data: unknown }[] = await db.as({}, (tx) =>
      tx.query(sql, [organisation, after, batch]),
    );
    for (const { data } of rows) yield data;
    if (rows.length < batch) return;
    after = rows.at(-1)!.id;
  }
}

async function* issued(db: Database, organisation: string): AsyncGenerator<{ id: string; number: string }> {
  yield* await db.as<{ id: string; number: string }[]>({}, (tx) =>
    tx.query(
      `SELECT id, number FROM certificate WHERE issued_on IS NOT NULL AND site_id IN ${SITES} ORDER BY id`,
      [organisation],
    ),
  );
}

/** Those whose bytes are whole: of one that was lost the archive has the row, and its hash. */
async function* keptDocuments(
  db: Database,
  organisation: string,
  store: DocumentStore,
): AsyncGenerator<string> {
  const rows = await db.as<{ sha256: string }[]>({}, (tx) =>
    tx.query(`SELECT DISTINCT x.sha256 FROM document x WHERE ${OF_SITES} ORDER BY 1`, [organisation]),
  );
  for (const { sha256 } of rows) {
    const there = await store.get(sha256).catch((error: unknown) => {
      if (error instanceof DamagedDocumentError) return undefined;
      throw error;
    });
    if (there) yield sha256;
  }
}

/** Those that are in the store, each content once. */
async function* keptEvidence(
  db: Database,
  organisation: string,
  store: ObjectStore,
): AsyncGenerator<{ name: string; key: string }> {
  const rows = await db.as<{ sha256: string; stored: string; type: EvidenceType }[]>({}, (tx) =>
    tx.query(
      `SELECT DISTINCT ON (stored_sha256) sha256, stored_sha256 AS stored, media_type AS type FROM evidence
        WHERE organisation_id = $1 AND state = 'ready' ORDER BY stored_sha256, sha256`,
      [organisation],
    ),
  );
  for (const { sha256, stored, type } of rows) {
    const { picture, ending } = EVIDENCE_TYPES[type];
    const key = evidenceKey(organisation, sha256, picture ? 'content' : 'sent');
    const there = await store.read(key, { from: 0, to: 0 });
    there?.destroy();
    if (there) yield { name: `${stored}.${ending}`, key };
  }
}

/** What goes between its being listed and its turn is left empty: the archive says so by its hash. */
async function* streamed(content: () => Promise<Readable | undefined>): AsyncGenerator<Buffer> {
  const stream = await content();
  if (stream) yield* stream as AsyncIterable<Buffer>;
}

async function* jsonArray(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const row of rows) {
    yield `${separator}${JSON.stringify(row)}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

async function* text(content: string): AsyncGenerator<string> {
  yield content;
}

async function* lazily(content: () => Promise<Buffer>): AsyncGenerator<Buffer> {
  yield await content();
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function readme(): string {
  const files = NOUNS.map(({ file, what }) => `- \`${file}\`: ${what}`).join('\n');
  return `# Everything your organisation has in Uplift

Every JSON file is a list, one element a line, with the names the database has for the columns. Days are
\`YYYY-MM-DD\`, moments ISO 8601 in UTC, points are millionths where a column is called \`micro\`.

${files}
- \`certificates/<number>.pdf\`: each certificate that was issued.
- \`documents/<SHA-256>.pdf\`: each document that was issued and kept.
- \`evidence/<SHA-256>.<ending>\`: each photograph and document of evidence, as it is kept.
- \`audit/trail.jsonl\`: every change to what you own, chained; \`audit/checkpoint.json\` says, signed, where it ends.
  \`audit/audit-keys.json\` are the public keys for that. Check it with \`uplift audit verify --file audit/trail.jsonl --checkpoint audit/checkpoint.json\`.
- \`manifest.json\`: every file with its size and SHA-256.

The archive names people who work for you or visited you. Keep it accordingly.
`;
}
