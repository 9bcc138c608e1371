import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  analyse,
  loadMapping,
  readRecords,
  RecordsError,
  type ImportSummary,
} from '../../libs/application/src/inspections/index.js';

/**
 * The shipped mappings on records nobody has seen: invented ones in the shape of each source, and, where the real
 * ones are at hand, samples of those, each changed in ways another sample may differ. Every figure is worked out a
 * second time below from the rows as they stand, by the definitions of the sources and with none of the product's code.
 */
const root = process.cwd();
const real = join(resolve(root, process.env['UPLIFT_SHARED'] ?? '../shared'), 'data/inspections');
const present = existsSync(join(real, 'expected.json'));
const temporary = mkdtempSync(join(tmpdir(), 'inspections-unseen-'));
afterAll(() => rmSync(temporary, { recursive: true }));

type Row = Record<string, string>;
interface Folder {
  sites: Row[];
  inspections: Row[];
  findings: Row[];
  items: Row[];
  crosswalk_proposed?: Row[];
}
const DATASETS = [
  'lexington_ky',
  'sf_2016_2019',
  'sf_2015_2017',
  'wake_nc',
  'chicago_canvass_2011_2014',
  'san_mateo',
] as const;
type Dataset = (typeof DATASETS)[number];

// --- the second calculation ---------------------------------------------------------------------------------------

interface Figures {
  inspections: number;
  scored: number | undefined;
  official_equal: number | null;
  pairs: number;
  mean_baseline: number | null;
  mean_follow_up: number | null;
  mean_change: number | null;
  sd_change: number | null;
  comparable_items: number;
}
const dayOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
/** Halves to even, as the figures of the sources were rounded. */
function rounded(x: number): number {
  const digits = Math.abs(x).toFixed(40).split('.');
  let n = BigInt(digits[0]! + digits[1]!.slice(0, 6));
  const rest = digits[1]!.slice(6);
  const half = `5${'0'.repeat(33)}`;
  if (rest > half || (rest === half && n % 2n === 1n)) n += 1n;
  return ((x < 0 ? -1 : 1) * Number(n)) / 1e6 + 0;
}
function figures(pairs: readonly (readonly [number, number])[]) {
  const n = pairs.length;
  const mean = (xs: number[]): number | null => (n ? rounded(xs.reduce((a, b) => a + b, 0) / n) : null);
  const changes = pairs.map(([a, b]) => b - a);
  const middle = changes.reduce((a, b) => a + b, 0) / n;
  return {
    pairs: n,
    mean_baseline: mean(pairs.map(([a]) => a)),
    mean_follow_up: mean(pairs.map(([, b]) => b)),
    mean_change: mean(changes),
    sd_change:
      n > 1 ? rounded(Math.sqrt(changes.reduce((s, c) => s + (c - middle) ** 2, 0) / (n - 1))) : null,
  };
}

/** Figures by the definitions in expected.json, primary pairing and second pairing. */
function recompute(name: Dataset, folder: Folder): { first: Figures; second?: ReturnType<typeof figures> } {
  const { sites, inspections, items } = folder;
  const known = new Set(sites.map((s) => s['site_id']));
  const visits = new Set(inspections.map((v) => v['inspection_id']));
  const findings = new Map<string, Row[]>();
  for (const f of folder.findings) {
    const list = findings.get(f['inspection_id']!) ?? [];
    list.push(f);
    findings.set(f['inspection_id']!, list);
  }
  const of = (v: Row): Row[] => findings.get(v['inspection_id']!) ?? [];
  const distinct = (v: Row): string[] => [...new Set(of(v).map((f) => f['item']!))];
  const official = (v: Row): number | null => {
    const s = v['official_score'];
    return s === undefined || s === '' || Number(s) < 0 || Number(s) > 100 ? null : Number(s);
  };
  const byNumber = name === 'chicago_canvass_2011_2014';
  const order = (a: Row, b: Row): number => {
    const [x, y] = [a['inspection_id']!, b['inspection_id']!];
    const ids = byNumber ? Number(x) - Number(y) : x < y ? -1 : x > y ? 1 : 0;
    return a['date']! < b['date']! ? -1 : a['date']! > b['date']! ? 1 : ids;
  };
  const bySite = (keep: (v: Row) => boolean): Row[][] => {
    const groups = new Map<string, Row[]>();
    for (const v of inspections) {
      if (!known.has(v['site_id']!) || v['date'] === '' || !keep(v)) continue;
      const group = groups.get(v['site_id']!) ?? [];
      group.push(v);
      groups.set(v['site_id']!, group);
    }
    return [...groups.values()].map((group) => group.sort(order));
  };
  const firstLast = (keep: (v: Row) => boolean, value: (v: Row) => number) =>
    bySite(keep)
      .map((group) => [group[0]!, group.at(-1)!] as const)
      .filter(([a, b]) => a['date'] !== b['date'])
      .map(([a, b]) => [value(a), value(b)] as const);
  const points = (v: Row): number => official(v)!;
  const scoredRows = inspections.filter((v) => official(v) !== null);
  const listed = new Map(items.map((i) => [i['item']!, i]));
  /** Items of the checklist: those of the list, and those cited besides it where the rows tell enough. */
  const itemCount = new Set([
    ...items.map((i) => i['item']),
    ...folder.findings.filter((f) => visits.has(f['inspection_id']!)).map((f) => f['item']),
  ]).size;
  const base = { inspections: inspections.length, scored: scoredRows.length as number | undefined };
  switch (name) {
    case 'lexington_ky': {
      const price = (f: Row): number => Number(listed.get(f['item']!)?.['points'] ?? f['points']);
      const equal = scoredRows.filter((v) => official(v) === 100 - of(v).reduce((s, f) => s + price(f), 0));
      const scoredVisits = bySite((v) => official(v) !== null);
      const next: [number, number][] = [];
      for (const group of scoredVisits) {
        const regular = group.filter((v) => v['type'] === 'regular');
        const days = [...new Set(regular.map((v) => v['date']!))];
        days.forEach((date, i) => {
          const [lowest] = regular
            .filter((v) => v['date'] === date)
            .sort((a, b) => official(a)! - official(b)! || order(a, b));
          const until = Math.min(dayOf(date) + 90, i + 1 < days.length ? dayOf(days[i + 1]!) - 1 : Infinity);
          const after = group.find(
            (v) => v['type'] === 'followup' && dayOf(v['date']!) >= dayOf(date) && dayOf(v['date']!) <= until,
          );
          if (after) next.push([official(lowest!)!, official(after)!]);
        });
      }
      return {
        first: {
          ...base,
          official_equal: equal.length,
          ...figures(firstLast((v) => v['type'] === 'regular' && official(v) !== null, points)),
          comparable_items: itemCount,
        },
        second: figures(next),
      };
    }
    case 'sf_2016_2019':
    case 'sf_2015_2017': {
      const risk: Record<string, number> = { High: 7, Moderate: 4, Low: 2 };
      const price = (f: Row): number => risk[listed.get(f['item']!)?.['risk'] ?? f['risk']!] ?? 0;
      const equal = scoredRows.filter(
        (v) => official(v) === Math.max(0, 100 - of(v).reduce((s, f) => s + price(f), 0)),
      );
      return {
        first: {
          ...base,
          official_equal: equal.length,
          ...figures(firstLast((v) => official(v) !== null, points)),
          comparable_items: itemCount,
        },
      };
    }
    case 'wake_nc': {
      const next = bySite((v) => official(v) !== null).flatMap((group) =>
        group
          .filter((v) => v['type'] === 'followup')
          .flatMap((after): [number, number][] => {
            const before = group
              .filter((v) => v['type'] === 'routine' && v['date']! < after['date']!)
              .filter((v) => dayOf(after['date']!) - dayOf(v['date']!) <= 90)
              .at(-1);
            return before ? [[official(before)!, official(after)!]] : [];
          }),
      );
      return {
        first: {
          ...base,
          official_equal: null,
          ...figures(firstLast((v) => v['type'] === 'routine' && official(v) !== null, points)),
          comparable_items: itemCount,
        },
        second: figures(next),
      };
    }
    case 'chicago_canvass_2011_2014': {
      const judged = inspections.filter((v) => ['Pass', 'Pass w/ Conditions', 'Fail'].includes(v['result']!));
      const equal = judged.filter(
        (v) => (v['result'] === 'Pass') === of(v).every((f) => Number(f['item']) >= 30),
      );
      return {
        first: {
          ...base,
          scored: judged.length,
          official_equal: equal.length,
          ...figures(
            firstLast(
              () => true,
              (v) => distinct(v).length,
            ),
          ),
          comparable_items: itemCount,
        },
      };
    }
    case 'san_mateo': {
      const joined = folder.crosswalk_proposed!.filter((c) => c['item_A'] && c['item_B']);
      const comparable = new Set(joined.flatMap((c) => [c['item_A']!, ...c['item_B']!.split('+')]));
      const routine = bySite((v) => v['reason'] === 'ROUTINE');
      const count = (v: Row): number => distinct(v).filter((i) => comparable.has(i)).length;
      const across = routine.flatMap((group): [number, number][] => {
        const before = group.filter((v) => v['edition'] === 'A').at(-1);
        const after = group.find((v) => v['edition'] === 'B');
        return before && after ? [[count(before), count(after)]] : [];
      });
      const next = bySite(() => true).flatMap((group) =>
        group
          .filter((v) => v['reason'] === 'ROUTINE')
          .flatMap((before): [number, number][] => {
            const after = group.find((v) => {
              const days = dayOf(v['date']!) - dayOf(before['date']!);
              return v['reason'] === 'FOLLOWUP' && days >= 0 && days <= 60;
            });
            return after ? [[distinct(before).length, distinct(after).length]] : [];
          }),
      );
      return {
        first: {
          ...base,
          scored: undefined,
          official_equal: null,
          ...figures(across),
          comparable_items: joined.length,
        },
        second: figures(next),
      };
    }
  }
}

// --- records ------------------------------------------------------------------------------------------------------

function randomiser(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) / 0x800000;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    next,
    below,
    of: <T>(list: readonly T[]): T => list[below(list.length)]!,
    shuffled<T>(list: readonly T[]): T[] {
      const out = [...list];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
  };
}
type Random = ReturnType<typeof randomiser>;

const isoOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** Invented records in the columns and habits of a source. */
function invented(name: Dataset, random: Random): Folder {
  const sites = Array.from({ length: 60 }, (_, n) => ({
    site_id: name === 'lexington_ky' ? `00${n}` : `s ${n}`,
    name: n % 7 ? `Café "No. ${n}", Ltd` : `Ñandú ${n}`,
    city: 'Town',
    lat: n % 3 ? '37.5' : '',
    lon: n % 3 ? '-122.1' : '',
  }));
  const byNumber = name === 'chicago_canvass_2011_2014';
  const edition = (day: number): string => (day < 16_400 ? 'A' : day < 16_450 ? 'unknown' : 'B');
  const riskOf = ['High', 'Moderate', 'Low'];
  const codes =
    name === 'san_mateo'
      ? [...'AB'].flatMap((e) =>
          Array.from({ length: 20 }, (_, n) => `${e}${String(n + 1).padStart(2, '0')}`),
        )
      : Array.from({ length: byNumber ? 44 : 30 }, (_, n) =>
          name === 'wake_nc' ? `W${n + 1}` : name.startsWith('sf') ? String(103_100 + n) : String(n + 1),
        );
  const items = codes.map((item, n): Row => {
    const common = { item, description: `Item ${n}, as the form has it` };
    if (name === 'lexington_ky')
      return { ...common, points: String(1 + (n % 5)), critical: n % 3 ? 'N' : 'Y' };
    if (name.startsWith('sf')) return { ...common, risk: riskOf[n % 3]! };
    if (byNumber)
      return { ...common, section: 'Form', class: n < 14 ? 'critical' : n < 29 ? 'serious' : 'minor' };
    return name === 'san_mateo' ? { ...common, edition: item[0]! } : common;
  });
  const itemOf = new Map(items.map((i) => [i['item']!, i]));
  const types: Record<string, string[]> = {
    lexington_ky: ['regular', 'regular', 'followup'],
    sf_2016_2019: ['Routine - Unscheduled', 'Routine - Unscheduled', 'Reinspection/Followup', 'Complaint'],
    sf_2015_2017: ['routine'],
    wake_nc: ['routine', 'routine', 'followup'],
    chicago_canvass_2011_2014: ['Canvass'],
    san_mateo: ['ROUTINE', 'ROUTINE', 'FOLLOWUP', 'OTHER'],
  };
  const inspections: Row[] = [];
  const findings: Row[] = [];
  for (let n = 0; n < 420; n++) {
    const site = random.of(sites);
    const day = 16_000 + random.below(900);
    const type = random.of(types[name]!);
    const id = byNumber ? String(random.below(2) * 990_000 + n) : `v${n} ${site.site_id}/é"`;
    const cited = random.shuffled(codes).slice(0, random.below(5));
    const own = name === 'san_mateo' ? cited.filter((c) => c.startsWith(edition(day))) : cited;
    for (const item of own) {
      const entry = itemOf.get(item)!;
      findings.push({
        inspection_id: id,
        item,
        ...(name === 'lexington_ky' ? { points: entry['points']!, critical: entry['critical']! } : {}),
        ...(name.startsWith('sf') ? { risk: entry['risk']! } : {}),
        ...(name === 'sf_2015_2017'
          ? { corrected_date: random.below(3) ? isoOf(day + random.below(60) - 1) : '' }
          : {}),
      });
    }
    const price = { High: 7, Moderate: 4, Low: 2 } as Record<string, number>;
    const lost = own.reduce(
      (s, i) => s + (Number(itemOf.get(i)!['points']) || price[itemOf.get(i)!['risk']!] || 0),
      0,
    );
    const score =
      name === 'wake_nc'
        ? String(100 - random.below(40) / 2)
        : String(100 - lost - (random.below(20) ? 0 : 1));
    const unscored = random.below(25) === 0 || (name === 'sf_2016_2019' && type !== 'Routine - Unscheduled');
    inspections.push({
      inspection_id: id,
      site_id: site.site_id,
      date: isoOf(day),
      ...(name === 'san_mateo'
        ? { reason: type, result: random.of(['PASS (GREEN)', '', 'CLOSED (RED)']), edition: edition(day) }
        : { type }),
      ...(byNumber ? { result: random.of(['Pass', 'Fail', 'Pass w/ Conditions']) } : {}),
      ...(byNumber || name === 'san_mateo' ? {} : { official_score: unscored ? '' : score }),
    });
  }
  return {
    sites,
    inspections,
    findings,
    items,
    ...(name === 'san_mateo'
      ? {
          crosswalk_proposed: [
            { item_A: 'A01', item_B: 'B01+B02', relation: 'split' },
            ...Array.from({ length: 12 }, (_, n) => ({
              item_A: codes[n + 1]!,
              item_B: codes[n + 24]!,
              relation: 'same subject (wording changed or number added)',
            })),
            { item_A: 'A20', item_B: '', relation: 'no counterpart proposed' },
          ],
        }
      : {}),
  };
}

/** The real records, a plain reader of their own: quotes, commas, line ends. */
function realFolder(name: Dataset): Folder {
  const read = (file: string): Row[] => {
    const text = gunzipSync(readFileSync(join(real, name, `${file}.csv.gz`))).toString('utf8');
    const rows: string[][] = [[]];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
      rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
      if (end !== ',') rows.push([]);
    }
    const [head, ...body] = rows.filter((r) => r.length > 1);
    return body.map((r) => Object.fromEntries(head!.map((h, i) => [h, r[i] ?? ''])));
  };
  return {
    sites: read('sites'),
    inspections: read('inspections'),
    findings: read('findings'),
    items: read('items'),
    ...(name === 'san_mateo' ? { crosswalk_proposed: read('crosswalk_proposed') } : {}),
  };
}

/** Keeps the rows that hang together with the inspections kept. */
function only(folder: Folder, keep: (v: Row) => boolean): Folder {
  const inspections = folder.inspections.filter(keep);
  const ids = new Set(inspections.map((v) => v['inspection_id']));
  const sites = new Set(inspections.map((v) => v['site_id']));
  return {
    ...folder,
    inspections,
    findings: folder.findings.filter((f) => ids.has(f['inspection_id'])),
    sites: folder.sites.filter((s) => sites.has(s['site_id'])),
  };
}

/** Another name for each id, the same wherever it stands. */
function renamed(folder: Folder, name: (id: string, n: number) => string): Folder {
  const ids = new Map(folder.inspections.map((v, n) => [v['inspection_id']!, name(v['inspection_id']!, n)]));
  const change = (row: Row): Row => ({
    ...row,
    inspection_id: ids.get(row['inspection_id']!) ?? row['inspection_id']!,
  });
  return { ...folder, inspections: folder.inspections.map(change), findings: folder.findings.map(change) };
}

interface Style {
  readonly zipped?: boolean;
  readonly end?: string;
  readonly bom?: boolean;
  readonly quoted?: boolean;
}
function written(folder: Folder, { zipped, end = '\n', bom, quoted }: Style = {}): string {
  const dir = mkdtempSync(join(temporary, 'records-'));
  const columns: Record<string, string[]> = {
    sites: ['site_id', 'name'],
    findings: ['inspection_id', 'item', 'corrected_date', 'points', 'critical', 'risk'],
  };
  for (const [name, rows] of Object.entries(folder) as [string, Row[]][]) {
    const head = Object.keys(rows[0] ?? Object.fromEntries((columns[name] ?? []).map((c) => [c, ''])));
    const cell = (text: string): string =>
      quoted || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const text =
      (bom ? '\ufeff' : '') +
      [head, ...rows.map((r) => head.map((h) => r[h] ?? ''))]
        .map((r) => r.map(cell).join(',') + end)
        .join('');
    const file = join(dir, `${name}.csv`);
    if (zipped) writeFileSync(`${file}.gz`, gzipSync(text, { level: 1 }));
    else writeFileSync(file, text);
  }
  return dir;
}

const isFollowUp = (v: Row): boolean => /follow-?up/i.test(v['type'] ?? v['reason'] ?? '');

/** Ways in which another sample may differ. Each yields records that hold together well enough to be imported. */
const VARIATIONS: Record<string, (folder: Folder, random: Random) => [Folder, Style?]> = {
  'as it is': (folder) => [folder, { zipped: true }],
  'half of the sites, plain files': (folder, random) => {
    const half = new Set(folder.sites.filter(() => random.below(2)).map((s) => s['site_id']));
    return [only(folder, (v) => half.has(v['site_id']))];
  },
  'one year': (folder) => {
    const year = [...folder.inspections].map((v) => v['date']!.slice(0, 4)).sort()[
      folder.inspections.length >> 1
    ]!;
    return [only(folder, (v) => v['date']!.startsWith(year))];
  },
  'no follow-ups': (folder) => [only(folder, (v) => !isFollowUp(v))],
  'no findings at all': (folder) => [{ ...folder, findings: [] }],
  'nothing but one visit': (folder) => {
    const one = folder.inspections[7]!['inspection_id'];
    return [only(folder, (v) => v['inspection_id'] === one)];
  },
  'rows in another order': (folder, random) => [
    {
      ...folder,
      sites: random.shuffled(folder.sites),
      inspections: random.shuffled(folder.inspections),
      findings: random.shuffled(folder.findings),
      items: random.shuffled(folder.items),
    },
  ],
  'fewer items on the list': (folder, random) => [
    { ...folder, items: folder.items.filter((_, n) => n === 0 || random.below(6) > 0) },
  ],
  'CRLF, BOM, everything quoted': (folder) => [folder, { end: '\r\n', bom: true, quoted: true }],
  'ids with spaces, quotes, commas, Unicode and leading zeros': (folder) => [
    renamed(folder, (id, n) =>
      /^\d+$/.test(id) ? `000${id}` : `${String((n * 7919) % 1000).padStart(4, '0')} “${id}”, "é" 検査`,
    ),
  ],
  'several visits on one day': (folder, random) => [
    {
      ...folder,
      inspections: folder.inspections.map((v) => ({
        ...v,
        date: `${v['date']!.slice(0, 8)}${random.below(2) ? '01' : '15'}`,
      })),
      findings: folder.findings.map((f) => ('corrected_date' in f ? { ...f, corrected_date: '' } : f)),
    },
  ],
  'scores empty, in halves and out of range': (folder, random) => [
    {
      ...folder,
      inspections: folder.inspections.map((v) =>
        v['official_score']
          ? { ...v, official_score: random.of(['', '87.5', '105', '-3', '0', '64', v['official_score']]) }
          : v,
      ),
    },
  ],
  'findings of unknown inspections, inspections of unknown sites': (folder) => [
    {
      ...folder,
      findings: [
        ...folder.findings,
        ...folder.findings.slice(0, 5).map((f) => ({ ...f, inspection_id: 'nobody knows' })),
      ],
      sites: folder.sites.filter((_, n) => n % 10 !== 3),
    },
  ],
};

function compare(name: Dataset, folder: Folder, style?: Style): ImportSummary {
  const mapping = loadMapping(join(root, 'checklists/mappings', `${name}.yaml`));
  const { summary } = analyse(readRecords(mapping, written(folder, style)), mapping);
  const { first, second } = recompute(name, folder);
  const { scored, ...rest } = first;
  expect(summary).toMatchObject(rest);
  if (scored !== undefined) expect(summary.scored).toBe(scored);
  if (second)
    expect(
      Object.values(summary.pairings).find(
        (p) => p.definition !== summary.pairings[summary.primary_pairing]!.definition,
      ),
    ).toMatchObject(second);
  expect(summary.exceptions).toBe(summary.exception_list.length);
  if (summary.official_equal !== null) {
    const told = new Set(
      summary.exception_list
        .filter((e) => /^(official|result)-differs$|^findings-missing$|^not-computable$/.test(e.code))
        .map((e) => e.inspection_id),
    );
    expect(told.size).toBe(summary.scored - summary.official_equal);
  }
  return summary;
}

describe.each(DATASETS)('%s, invented records', (name) => {
  test.each(Object.keys(VARIATIONS))('%s', (variation) => {
    const random = randomiser(DATASETS.indexOf(name) * 100 + Object.keys(VARIATIONS).indexOf(variation));
    compare(name, ...VARIATIONS[variation]!(invented(name, random), random));
  });
});

if (!present)
  test.skip(`real records are not in ${real}; set UPLIFT_SHARED to run these tests`, () => undefined);
(present ? describe : describe.skip).each(DATASETS)('%s, samples of the real records', (name) => {
  let whole: Folder;
  test.each(Object.keys(VARIATIONS))('%s', (variation) => {
    whole ??= realFolder(name);
    const random = randomiser(7000 + Object.keys(VARIATIONS).indexOf(variation));
    compare(name, ...VARIATIONS[variation]!(whole, random));
  });
});

test('a key that stands twice, and a date that is none, are errors with line and column', () => {
  const folder = invented('wake_nc', randomiser(5));
  const mapping = loadMapping(join(root, 'checklists/mappings/wake_nc.yaml'));
  folder.inspections[3] = { ...folder.inspections[3]!, date: '2014-02-30' };
  folder.inspections[5] = {
    ...folder.inspections[5]!,
    inspection_id: folder.inspections[4]!['inspection_id']!,
  };
  let problems: readonly unknown[] = [];
  try {
    readRecords(mapping, written(folder));
  } catch (error) {
    problems = (error as RecordsError).problems;
  }
  expect(problems).toMatchObject([
    { file: 'inspections.csv', line: 7, column: 'inspection_id', code: 'duplicate-key' },
    { file: 'inspections.csv', line: 5, column: 'date', code: 'impossible-date' },
  ]);
});
