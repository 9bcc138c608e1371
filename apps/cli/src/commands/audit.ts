import { type Checkpoint, DomainError } from '#domain';
import type { AuditKeys, AuditReport } from '#platform';
import { Command, InvalidArgumentError } from 'commander';
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

type Published = AuditKeys['published'];

interface VerifyOptions {
  readonly organisation?: string;
  readonly file?: string;
  readonly checkpoint: readonly string[];
  readonly keys?: string;
  readonly json?: boolean;
}

// Loaded when a command runs: the others, and checking a file, should not wait for it.
const tools = async () => ({
  ...(await import('#application')),
  ...(await import('#persistence')),
  ...(await import('#platform')),
});

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

function uuid(value: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value))
    throw new InvalidArgumentError('An organisation is named by its id.');
  return value;
}

/** `uplift audit`: verifies and exports the audit trail. */
export function auditCommand(): Command {
  const audit = new Command('audit').description('The audit trail: verifies it, exports it.');
  audit
    .command('verify')
    .description(
      'Finds altered, removed, reordered, inserted and cut-off entries, in the database or in an exported file. Ends with 1 when there are any.',
    )
    .option('--organisation <id>', 'only this chain', uuid)
    .option('--file <file>', 'an exported trail (JSON Lines, "-" for standard input); needs no database')
    .option('--checkpoint <file>', 'what the trail must agree with; may be given more than once', collect, [])
    .option(
      '--keys <file>',
      'the published keys; else audit-keys.json beside the checkpoint or in the data folder',
    )
    .option('--json', 'the report as JSON')
    .action(verify);
  audit
    .command('export')
    .description('Writes the trail of an organisation to standard output as JSON Lines.')
    .requiredOption('--organisation <id>', 'whose', uuid)
    .option('--checkpoint <file>', 'writes a signed checkpoint of the end of the trail there, too')
    .action(exportTrail);
  return audit;
}

async function verify(options: VerifyOptions): Promise<void> {
  const { readCheckpoint, verifyFile } = await import('#platform');
  const given = await Promise.all(
    options.checkpoint.map(async (file) =>
      readCheckpoint(readFileSync(file, 'utf8'), file, await keysFor(file, options.keys)),
    ),
  );
  const report = options.file
    ? await verifyFile(options.file === '-' ? process.stdin : createReadStream(options.file), given)
    : await verifyOwn(options, given);
  print(report, options.json ?? false);
  if (!report.ok) process.exitCode = 1;
}

/** The database, with the checkpoints the worker keeps in the data folder. */
async function verifyOwn(
  { organisation }: VerifyOptions,
  given: readonly Checkpoint[],
): Promise<AuditReport> {
  const { CheckpointFolder, loadAuditKeys, loadConfig, openDataSource, verifyDatabase } = await tools();
  const config = loadConfig();
  const source = await openDataSource(config.databaseUrl, { poolSize: 1 });
  try {
    const kept = new CheckpointFolder(config.dataDir, await loadAuditKeys(config.dataDir));
    return await verifyDatabase(source, {
      ...(organisation && { organisation }),
      checkpointsOf: async (id) => [
        ...(await kept.of(id)),
        ...given.filter((each) => each.organisation === id),
      ],
      expected: [...(await kept.organisations()), ...given.map((each) => each.organisation)],
    });
  } finally {
    await source.destroy();
  }
}

/** The keys to trust. They decide what a checkpoint is worth, so there is no going on without. */
async function keysFor(checkpoint: string, given?: string): Promise<Published> {
  const beside = join(dirname(checkpoint), 'audit-keys.json');
  const file = given ?? (existsSync(beside) ? beside : undefined);
  if (file) return JSON.parse(readFileSync(file, 'utf8')) as Published;
  const { loadAuditKeys, loadConfig } = await import('#platform');
  const { dataDir } = loadConfig(process.env, { database: false });
  if (existsSync(join(dataDir, 'audit-keys.json'))) return (await loadAuditKeys(dataDir)).published;
  throw new DomainError('checkpoint-keys-missing', 'There are no keys to check the checkpoint with.', [
    {
      field: '--keys',
      message: 'not given',
      fix: 'Fetch /.well-known/uplift-audit-keys.json from the system that made the checkpoint.',
    },
  ]);
}

function print(report: AuditReport, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(report, null, 2));
    return;
  }
  for (const { organisation, seq, fault, message } of report.faults)
    console.log(`${fault}  ${organisation || '?'}  from entry ${seq}: ${message}`);
  if (report.faultCount > report.faults.length)
    console.log(`… and ${report.faultCount - report.faults.length} more.`);
  const against = report.chains.filter((chain) => chain.checkpoint !== null).length;
  console.log(
    `${report.entries} entries of ${report.organisations} organisations: ${report.ok ? 'unbroken' : `${report.faultCount} faults`}; ${against} agree with a checkpoint.`,
  );
}

async function exportTrail(options: { organisation: string; checkpoint?: string }): Promise<void> {
  const { auditLines, headOf, loadAuditKeys, loadConfig, openDatabase, signCheckpoint } = await tools();
  const config = loadConfig();
  const db = await openDatabase(config.databaseUrl, { poolSize: 1 });
  try {
    if (options.checkpoint) {
      // First, so that the exported trail reaches at least as far.
      const head = await db.as({}, (tx) => headOf(tx, options.organisation));
      const signed = await signCheckpoint(await loadAuditKeys(config.dataDir), head);
      writeFileSync(options.checkpoint, `${JSON.stringify(signed, null, 2)}\n`);
    }
    await pipeline(Readable.from(auditLines(db, {}, options.organisation)), process.stdout, { end: false });
  } finally {
    await db.close();
  }
}
