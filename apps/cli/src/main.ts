#!/usr/bin/env node
import { DomainError } from '#domain';
import { Command } from 'commander';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import { auditCommand } from './commands/audit.js';
import { cohortCommand } from './commands/cohort.js';
import { gainCommand } from './commands/gain.js';
import { importInspectionsCommand } from './commands/import-inspections.js';
import { scoreCommand } from './commands/score.js';
import { verifyCommand } from './commands/verify.js';

// The commands that need a database load what they need themselves: recomputing a score should not wait for it.
const database = async () => ({
  ...(await import('#application')),
  ...(await import('#persistence')),
  ...(await import('#platform')),
});

const program = new Command('uplift').description(
  'Supplier-development compliance: score, gain, cohort, import, verify.',
);

program.addCommand(scoreCommand());
program.addCommand(gainCommand());
program.addCommand(cohortCommand());
program.addCommand(verifyCommand());

const imports = new Command('import').description(
  'Publishes content, or brings in records of other systems.',
);
imports
  .command('content')
  .argument('<file...>', 'checklists, translations, crosswalks, scoring profiles (YAML or JSON)')
  .description('Publishes all of the files, or none.')
  .action(async (files: string[]) => {
    const { ContentService, loadConfig, openDatabase } = await database();
    const db = await openDatabase(loadConfig().databaseUrl, { poolSize: 2 });
    try {
      const published = await new ContentService(db).publishAll(
        files.map((file) => readFileSync(file, 'utf8')),
      );
      console.log(JSON.stringify(published, null, 2));
    } finally {
      await db.close();
    }
  });
imports.addCommand(importInspectionsCommand());
program.addCommand(imports);

program
  .command('migrate')
  .description(
    'Brings the database to the newest schema, and publishes the content that ships with the product.',
  )
  .action(async () => {
    const { ContentService, loadConfig, migrate, migrateIdentity, migrateQueue, openDatabase, scoreRecords } =
      await database();
    const config = loadConfig();
    const ran = await migrate(config.databaseUrl);
    await migrateIdentity(config);
    await migrateQueue(config);
    const db = await openDatabase(config.databaseUrl, { poolSize: 2 });
    try {
      const published = await new ContentService(db).publishShipped();
      const recordsScored = await scoreRecords(db);
      console.log(
        JSON.stringify({
          migrations: ran,
          published: published.filter((each) => each.created).length,
          recordsScored,
        }),
      );
    } finally {
      await db.close();
    }
  });

program
  .command('demo')
  .description('Fills an empty database with an invented programme.')
  .action(async () => {
    const { createIdentity, Demo, loadConfig, openDatabase } = await database();
    const config = loadConfig();
    const db = await openDatabase(config.databaseUrl, { poolSize: 4 });
    const identity = createIdentity(config);
    try {
      const demo = await new Demo(db, identity, config).build();
      const file = join(config.dataDir, 'demo-accounts.json');
      writeFileSync(file, `${JSON.stringify(demo, null, 2)}\n`, { mode: 0o600 });
      chmodSync(file, 0o600);
    } finally {
      await identity.close();
      await db.close();
    }
  });

program
  .command('found')
  .description('Sets up an organisation with its first person, who gets a password that is shown once.')
  .requiredOption('--name <name>')
  .requiredOption('--kind <kind>', 'development-agency, buyer, assessment-provider, supplier …')
  .requiredOption('--country <code>', 'ISO 3166, two letters')
  .requiredOption('--owner <name>')
  .requiredOption('--email <address>')
  .action(async (options: { name: string; kind: string; country: string; owner: string; email: string }) => {
    const { createIdentity, foundOrganisation, loadConfig, openDatabase } = await database();
    const config = loadConfig();
    const db = await openDatabase(config.databaseUrl, { poolSize: 2 });
    const identity = createIdentity(config);
    try {
      console.log(JSON.stringify(await foundOrganisation(db, identity, options), null, 2));
    } finally {
      await identity.close();
      await db.close();
    }
  });

program
  .command('reset-second-factor')
  .argument('<address>', 'e-mail address of the person')
  .description(
    'For somebody who lost phone, backup codes and passkeys: takes them away and ends every session.',
  )
  .action(async (email: string) => {
    const { createIdentity, loadConfig } = await database();
    const identity = createIdentity(loadConfig());
    try {
      if (!(await identity.resetSecondFactor(email)))
        throw new DomainError('account-unknown', 'Nobody has an account with this address.', [
          { field: 'address', message: 'unknown' },
        ]);
      console.log(JSON.stringify({ reset: true }));
    } finally {
      await identity.close();
    }
  });

const jobs = new Command('jobs').description(
  'Jobs that failed for good: looks at them, and has them tried again.',
);
jobs
  .command('failed')
  .description('Lists them, newest first.')
  .action(async () => {
    const { failedJobs, loadConfig, makeQueue } = await database();
    const queue = makeQueue(loadConfig());
    console.log(JSON.stringify(await failedJobs(queue).finally(() => queue.close()), null, 2));
  });
jobs
  .command('retry')
  .argument('<id...>', 'ids of failed jobs, as `jobs failed` shows them')
  .description('Puts them back into the queue.')
  .action(async (ids: string[]) => {
    const { loadConfig, makeQueue, retryFailedJob } = await database();
    const queue = makeQueue(loadConfig());
    try {
      for (const id of ids) console.log(JSON.stringify({ id, retried: await retryFailedJob(queue, id) }));
    } finally {
      await queue.close();
    }
  });
program.addCommand(jobs);
program.addCommand(auditCommand());

const erase = new Command('erase').description('Forgets people, without breaking what rests on their work.');
erase
  .command('person')
  .argument('<email>', 'address of the account, or one that others entered')
  .requiredOption('--confirm <email>', 'the address once more: this cannot be undone')
  .description('Removes the account and everything that names the person; what they did stays, under an id.')
  .action(async (email: string, { confirm }: { confirm: string }) => {
    if (email !== confirm)
      throw new DomainError('confirmation-wrong', 'The two addresses differ; nothing was done.');
    const { LeavingService, loadConfig, openDatabase } = await database();
    const db = await openDatabase(loadConfig().databaseUrl, { poolSize: 2 });
    try {
      console.log(JSON.stringify(await new LeavingService(db).erase(email)));
    } finally {
      await db.close();
    }
  });
program.addCommand(erase);

// Whoever reads the answer may stop reading, as `head` does: nothing to tell anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
// 1 is an answer of `verify`: a command that was written wrong must not look like one.
const refuseWrongUse = (command: Command): void => {
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const each of command.commands) refuseWrongUse(each as Command);
};
refuseWrongUse(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof DomainError) {
    process.stderr.write(
      `${JSON.stringify({ type: `https://uplift.example/problems/${error.code}`, title: error.message, code: error.code, errors: error.fields }, null, 2)}\n`,
    );
    process.exitCode = 2;
  } else {
    process.stderr.write(
      `${(error as Error).name.endsWith('StartError') || (error as Error).name === 'ConfigError' ? (error as Error).message : (error as Error).stack}\n`,
    );
    process.exitCode = 1;
  }
}
