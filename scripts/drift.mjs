// Fails when the entities and the migrations disagree, or when the committed openapi.json is not that of this build.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../dist/libs/platform/src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'uplift-drift-'));
let failed = false;
const run = (...args) => {
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) failed = true;
};

const postgres = await startEmbeddedPostgres({ dataDir: folder });
try {
  run('scripts/migration.mjs', 'check', postgres.url);
} finally {
  await postgres.stop();
}
const fresh = join(folder, 'openapi.json');
run('scripts/openapi.mjs', fresh);
if (!failed && readFileSync(fresh, 'utf8') !== readFileSync('openapi.json', 'utf8')) {
  console.error('openapi.json is stale: run `npm run openapi` and commit it.');
  failed = true;
} else if (!failed) console.log('openapi.json is that of this build.');
rmSync(folder, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
