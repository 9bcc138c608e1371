import {
  analyse,
  loadMapping,
  readRecords,
  RecordsError,
  storeImport,
  type ImportSummary,
  type StoredImport,
} from '#application';
import { DomainError } from '#domain';
import { embeddedDatabaseUrl } from '#platform';
import { Command } from 'commander';
import { resolve } from 'node:path';
import { badInput, EXIT, problemOf, processIo, type CommandIo } from '../json-io.js';

/** Options of `uplift import inspections`. */
export interface ImportOptions {
  readonly mapping: string;
  readonly data: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly country?: string;
}

/** The database of the environment: `DATABASE_URL`, or the embedded one while it runs. Undefined: there is none. */
function databaseOf(env: NodeJS.ProcessEnv): string | undefined {
  const given = env['DATABASE_URL']?.trim();
  return given || embeddedDatabaseUrl(resolve(env['UPLIFT_DATA_DIR']?.trim() || '.data'));
}

/**
 * Analyses the records of a folder and, when there is a database, stores them.
 * Bad input: exit code 2, problem JSON on standard error, nothing stored.
 */
export async function importInspections(
  options: ImportOptions,
  io: CommandIo = processIo,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  try {
    const country = options.country?.toUpperCase();
    if (country !== undefined && !/^[A-Z]{2}$/.test(country)) {
      throw badInput('unknown-country', `"${options.country}" is not a country code.`, [
        {
          field: '--country',
          message: 'not a country code',
          fix: 'Give two letters (ISO 3166), such as US.',
        },
      ]);
    }
    const mapping = loadMapping(resolve(io.cwd(), options.mapping));
    const result = analyse(readRecords(mapping, resolve(io.cwd(), options.data)), mapping);
    const database = options.dryRun ? undefined : databaseOf(env);
    const stored =
      database && (await storeImport(database, result, mapping, { ...(country && { country }) }));
    if (options.json) {
      io.out(`${JSON.stringify(result.summary, null, 2)}\n`);
      if (stored) io.err(`${storedText(stored)}\n`);
    } else {
      io.out(summaryText(result.summary));
      io.out(`${stored ? storedText(stored) : notStored(options)}\n`);
    }
    io.exit(EXIT.ok);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    io.err(
      `${JSON.stringify(error instanceof RecordsError ? recordsProblem(error) : problemOf(error), null, 2)}\n`,
    );
    io.exit(EXIT.badInput);
  }
}

/** Malformed records as problem JSON: every fault with file, line, column and code. */
function recordsProblem(error: RecordsError): object {
  return {
    ...problemOf(error),
    errors: error.problems.map(({ file, line, column, code, reason }) => ({
      file,
      line,
      column,
      code,
      message: reason,
    })),
  };
}

/** The figures as people read them, and the exceptions by code. */
export function summaryText(summary: ImportSummary): string {
  const shown = (value: number | null): string => (value === null ? '–' : String(value));
  const rows: [string, string][] = [
    ['inspections', String(summary.inspections)],
    ['sites', String(summary.sites)],
    ['findings', String(summary.findings)],
    ['assessments', String(summary.assessments)],
    ['with official result', String(summary.scored)],
    [
      '  reproduced',
      summary.official_equal === null ? `– (${summary.official_note})` : String(summary.official_equal),
    ],
    ['pairs', `${summary.pairs} (${summary.primary_pairing})`],
    ['  comparable items', shown(summary.comparable_items)],
    ['  mean baseline', shown(summary.mean_baseline)],
    ['  mean follow-up', shown(summary.mean_follow_up)],
    ['  mean change', `${shown(summary.mean_change)} (sd ${shown(summary.sd_change)})`],
    ['  better, same, worse', `${summary.improved}, ${summary.same}, ${summary.worse}`],
    ['exceptions', String(summary.exceptions)],
  ];
  const wide = Math.max(...rows.map(([name]) => name.length));
  let text = `${summary.dataset}\n`;
  for (const [name, value] of rows) text += `  ${name.padEnd(wide)}  ${value}\n`;
  const groups = Object.entries(summary.exceptions_by_code).sort(
    ([a, m], [b, n]) => n - m || (a < b ? -1 : 1),
  );
  for (const [code, count] of groups) {
    const first = summary.exception_list.find((e) => e.code === code)!;
    const place = `${first.file}${first.line === null ? '' : `, line ${first.line}`}`;
    text += `    ${String(count).padStart(6)}  ${code}\n            ${place}: ${first.reason}${count > 1 ? '; …' : ''}\n`;
  }
  return text;
}

function notStored({ dryRun }: ImportOptions): string {
  return dryRun
    ? 'Nothing was stored: --dry-run.'
    : 'Nothing was stored: there is no database. Start it with `npm start`, or set DATABASE_URL.';
}

function storedText(stored: StoredImport): string {
  const { sites, assessments, gains } = stored;
  const versions = stored.checklistVersions.map(
    (v) => `${v.checklist} ${v.version}${v.published ? ' (new)' : ''}`,
  );
  const different = assessments.different
    ? ` ${assessments.different} assessments differ from what is stored and were left as they are (${assessments.differentIds.slice(0, 5).join(', ')}${assessments.different > 5 ? ', …' : ''}).`
    : '';
  return (
    `Stored for "Imported: ${stored.dataset}" (organisation ${stored.organisationId}): ${sites.added} sites, ` +
    `${assessments.added} assessments (${assessments.incomplete} incomplete), ` +
    `${stored.findings} findings, ${gains.added} gains. Unchanged: ${sites.unchanged} sites, ` +
    `${assessments.unchanged} assessments, ${gains.unchanged} gains.${different} Checklist: ${versions.join(', ')}.`
  );
}

/** `uplift import inspections --mapping FILE --data DIR [--json] [--dry-run] [--country CODE]` */
export function importInspectionsCommand(io: CommandIo = processIo): Command {
  return new Command('inspections')
    .description('Reads inspection records by a mapping; stores them when there is a database.')
    .requiredOption('--mapping <file>', 'how the records are to be read (checklists/mappings/*.yaml)')
    .requiredOption('--data <dir>', 'folder with the records')
    .option('--json', 'print the summary as JSON, and nothing else')
    .option('--dry-run', 'only analyse, even when there is a database')
    .option('--country <code>', 'country of the sites (ISO 3166); the records do not state it')
    .action((options: ImportOptions) => importInspections(options, io));
}
