// `node scripts/migration.mjs check URL` says whether the entities and the migrated schema agree;
// `node scripts/migration.mjs generate URL Name` writes the statements that would make them agree.
import { writeFileSync } from 'node:fs';
import { openDataSource } from '../dist/libs/persistence/src/index.js';

const [command, url, name] = process.argv.slice(2);
if (!['check', 'generate'].includes(command) || !url || (command === 'generate' && !name)) {
  console.error('usage: node scripts/migration.mjs check URL | generate URL Name');
  process.exit(2);
}
const dataSource = await openDataSource(url, { poolSize: 2 });
await dataSource.runMigrations();
// TypeORM reads the schema by many statements at once on one connection, which pg queues now and won't for long.
const createQueryRunner = dataSource.createQueryRunner.bind(dataSource);
dataSource.createQueryRunner = (...given) => {
  const runner = createQueryRunner(...given);
  const query = runner.query.bind(runner);
  let turn = Promise.resolve();
  runner.query = (...asked) => (turn = turn.catch(() => undefined).then(() => query(...asked)));
  return runner;
};
const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
await dataSource.destroy();
const statements = upQueries.map((query) => query.query);
if (command === 'check') {
  for (const statement of statements) console.error(`drift: ${statement}`);
  console.log(
    statements.length === 0
      ? 'The migrations and the entities agree.'
      : 'The migrations lag behind the entities.',
  );
  process.exit(statements.length === 0 ? 0 : 1);
}
const stamp = Date.now();
const body = statements
  .map((statement) => `    await runner.query(\`${statement.replaceAll('`', '\\`')}\`);`)
  .join('\n');
const file = `libs/persistence/src/migrations/${stamp}-${name}.ts`;
writeFileSync(
  file,
  `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${name}${stamp} implements MigrationInterface {
  name = '${name}${stamp}';

  async up(runner: QueryRunner): Promise<void> {
${body}
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
`,
);
console.log(file);
