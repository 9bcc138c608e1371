import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import * as application from '#application';
import { interleave, median, ratios, spread, timed } from './support/measure.mjs';
import { config } from './support/product.mjs';

const ROUNDS = 9;
const ITEMS = 58;
const SITES = 4_000;
const VISITS = 30_000;
const ROWS = 100_000;
/** Storing writes an answer per item and visit: one run takes as long as dozens of COPYs. */
const STORE_ROUNDS = 2;
const { analyse, loadMapping, readRecords, storeImport } = application;

/**
 * Reading and analysing inspection records against COPY of the same files; storing them, too, against that and against
 * COPY of the very rows that were stored into the very tables.
 */
export default async function importRecords() {
  const folder = mkdtempSync(join(tmpdir(), 'uplift-bench-records-'));
  const client = new pg.Client({ connectionString: config.databaseUrl });
  await client.connect();
  try {
    const tables = records();
    for (const [name, { header, rows }] of Object.entries(tables)) {
      writeFileSync(join(folder, `${name}.csv`), `${[header, ...rows].join('\n')}\n`);
      await client.query(
        `CREATE TABLE copy_${name} (${header
          .split(',')
          .map((column) => `"${column}" text`)
          .join(', ')})`,
      );
    }
    const count = Object.values(tables).reduce((sum, { rows }) => sum + rows.length, 0);
    const mapping = loadMapping(
      fileURLToPath(new URL('../test/cases/inspections/points/mapping.yaml', import.meta.url)),
    );
    const read = () => analyse(readRecords(mapping, folder), mapping);
    const { summary } = read();
    if (summary.inspections !== VISITS || summary.official_equal !== summary.scored || summary.exceptions > 0)
      throw new Error(
        `Not read as made: ${JSON.stringify({ ...summary, exception_list: summary.exception_list.slice(0, 3) })}`,
      );

    const copy = async () => {
      await client.query('BEGIN');
      for (const name of Object.keys(tables)) {
        await client.query(`TRUNCATE copy_${name}`);
        await pipeline(
          createReadStream(join(folder, `${name}.csv`)),
          client.query(copyFrom(`COPY copy_${name} FROM STDIN (FORMAT csv, HEADER)`)),
        );
      }
      await client.query('COMMIT');
    };
    const perSecond = (work) => async () => (count / (await timed(work))) * 1000;
    const row = (name, sides, what = 'COPY', unit = 'rows/s') => {
      const ratio = ratios(sides);
      return {
        name,
        subject: spread(sides.subject, unit),
        reference: `${what}: ${spread(sides.reference, unit)}`,
        ratio,
        aim: '≥ 0.3×',
        met: ratio.median >= 0.3,
      };
    };
    const rows = [
      row(
        'import: read, analyse',
        await interleave({
          rounds: ROUNDS,
          warmups: 2,
          subject: perSecond(read),
          reference: perSecond(copy),
        }),
      ),
    ];
    const parts = { read: [], analyse: [] };
    for (let n = 0; n < 5; n += 1) {
      let given;
      parts.read.push(await timed(() => (given = readRecords(mapping, folder))));
      parts.analyse.push(await timed(() => analyse(given, mapping)));
    }
    const notes = [
      `${count} rows: reading ${median(parts.read).toFixed(0)} ms, analysing ${median(parts.analyse).toFixed(0)} ms`,
    ];
    // A dataset of its own each time: what is stored already would only be compared.
    const store = (dataset) => {
      const own = { ...mapping, dataset };
      return storeImport(config.databaseUrl, analyse(readRecords(own, folder), own), own);
    };
    const written = (await store('bench_first')).rows;
    const copyWritten = await copyOfWritten(client, 'bench_first');
    const sides = await interleave({
      rounds: STORE_ROUNDS,
      warmups: 0,
      subject: (round) => timed(() => store(`bench_${round}`)),
      reference: async (round) => ({ bare: await timed(copy), same: await copyWritten(round) }),
    });
    const perSecondOf = (rowCount, times) => times.map((time) => (rowCount / time) * 1000);
    rows.push(
      row(
        'import: read, analyse, store',
        {
          subject: perSecondOf(count, sides.subject),
          reference: perSecondOf(
            count,
            sides.reference.map(({ bare }) => bare),
          ),
        },
        'COPY of the rows read, bare tables',
      ),
      row(
        'import: read, analyse, store',
        {
          subject: perSecondOf(written, sides.subject),
          reference: perSecondOf(
            written,
            sides.reference.map(({ same }) => same),
          ),
        },
        'COPY of the rows written, same tables',
        'rows written/s',
      ),
    );
    notes.push(`storing wrote ${written} rows, ${(written / count).toFixed(1)} for each row read`);
    return { rows, notes };
  } finally {
    await client.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an import writes for each of its records, as it hands it to the database. */
const WRITTEN = {
  site: 'id, organisation_id, name, city, country, lat, lon, external_id',
  assessment: `id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on, baseline_id,
    lock_hash, submitted_at, closed_at, external_id`,
  assessment_record: 'assessment_id, body',
  assessment_score: 'assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at',
  assessment_explanation: 'assessment_id, detail, as_found, after_closure',
  finding: 'id, assessment_id, requirement, section, grade, conformity, note, due_on, closed_on',
  gain: `follow_up_id, baseline_id, site_id, comparable, baseline_micro, follow_up_micro, body, contribution, computed_at`,
};

/**
 * Takes the rows of an import out of the database, and returns what copies them in again, with all keys, references and
 * triggers of the tables, under ids and external ids of their own: the milliseconds that takes.
 */
async function copyOfWritten(client, dataset) {
  const {
    rows: [{ id }],
  } = await client.query(`SELECT id FROM assessment WHERE external_id LIKE $1 LIMIT 1`, [`${dataset}:%`]);
  // The ids of one import begin alike (UUID version 7), and go on in the order of writing.
  const beginning = id.slice(0, 13);
  // What the import published stays: the copies refer to it.
  const { rows: published } = await client.query(
    `SELECT id FROM (SELECT id FROM checklist_version UNION ALL SELECT id FROM scoring_profile) p WHERE id::text LIKE $1`,
    [`${beginning}%`],
  );
  const texts = {};
  for (const [table, columns] of Object.entries(WRITTEN)) {
    const key = columns.split(',')[0];
    // What a gain says item by item is kept apart, by a trigger.
    const said = columns.replace(
      ' body,',
      ' (SELECT body FROM gain_explained e WHERE e.follow_up_id = t.follow_up_id),',
    );
    const query = `SELECT ${said} FROM ${table} t WHERE ${key}::text LIKE '${beginning}%' ORDER BY ${key}`;
    const parts = [];
    for await (const part of client.query(copyTo(`COPY (${query}) TO STDOUT`))) parts.push(part);
    texts[table] = Buffer.concat(parts).toString();
  }
  return async (round) => {
    const time = (Date.now() + 86_400_000 + round).toString(16).padStart(12, '0');
    const ids = `${time.slice(0, 8)}-${time.slice(8)}`;
    const own = Object.entries(texts).map(([table, text]) => {
      const renamed = published.reduce(
        (renaming, { id }) => renaming.replaceAll(id.replace(beginning, ids), id),
        text.replaceAll(beginning, ids).replaceAll(`${dataset}:`, `${dataset}_copy_${round}:`),
      );
      return [table, Buffer.from(renamed)];
    });
    return timed(async () => {
      await client.query('BEGIN');
      for (const [table, text] of own)
        await pipeline(
          Readable.from([text], { objectMode: false }),
          client.query(copyFrom(`COPY ${table} (${WRITTEN[table]}) FROM STDIN`)),
        );
      await client.query('COMMIT');
    });
  };
}

/** Invented records in the shape of test/cases/inspections/points: 100,000 rows in all, the same at every run. */
function records() {
  let state = 7;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const weight = (item) => 1 + (item % 5);
  const items = Array.from(
    { length: ITEMS },
    (_, n) => `${n + 1},"Item ${n + 1}, as the form puts it",${weight(n + 1)},${n % 6 === 0 ? 'Y' : 'N'}`,
  );
  const sites = Array.from(
    { length: SITES },
    (_, n) =>
      `s${n + 1},"Site ""${n + 1}"", harbour",City ${n % 40},${(n % 170) - 85}.25,${(n % 350) - 175}.5`,
  );
  const cited = ROWS - ITEMS - SITES - VISITS;
  const visits = [];
  const findings = [];
  const day = (n) => new Date(Date.UTC(2018, 0, 1 + n)).toISOString().slice(0, 10);
  for (let n = 0; n < VISITS; n += 1) {
    const on = Math.floor(n / SITES) * 150 + random(60);
    const found = Math.floor(((n + 1) * cited) / VISITS) - Math.floor((n * cited) / VISITS);
    let score = 100;
    for (let k = 0; k < found; k += 1) {
      const item = 1 + ((n * 7 + k * 11 + random(11)) % ITEMS);
      score -= weight(item);
      findings.push(`v${n + 1},${item},${weight(item)},${random(3) === 0 ? '' : day(on + random(30))}`);
    }
    visits.push(
      `v${n + 1},s${1 + (n % SITES)},${day(on)},${(n + Math.floor(n / SITES)) % 8 === 3 ? 'again' : 'regular'},${score}`,
    );
  }
  return {
    sites: { header: 'site,name,city,lat,lon', rows: sites },
    visits: { header: 'visit,site,day,kind,score', rows: visits },
    findings: { header: 'visit,item,points,closed', rows: findings },
    items: { header: 'item,text,points,critical', rows: items },
  };
}
