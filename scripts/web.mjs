/**
 * The web app's build.
 *
 *   node scripts/web.mjs generate   types of the API (from openapi.json) and of the messages (from English)
 *   node scripts/web.mjs build      generates, builds into dist/apps/web, compresses, and holds the sizes against their limit
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { filesBelow, hashOfFiles, ROOT, run, Sentence } from './house.mjs';

const WEB = join(ROOT, 'apps', 'web');
const OUT = join(ROOT, 'dist', 'apps', 'web');
const GENERATED = join(WEB, 'src', 'generated');
/** JavaScript of a first load, gzipped: shell, texts and the area's first page. Signing in is less than an area's page. */
const LIMIT = 120 * 1024;
const LIMITED = ['supplier', 'assessor'];

const hashOf = (text) => createHash('sha256').update(text).digest('hex');

/** Writes a file unless it says the same already, so that nothing that watches it starts anew. */
function write(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text);
}

/** Types from openapi.json and the messages. */
export async function generate() {
  const { faultsOf, readMessages, typesOf } = await import('./web-messages.mjs');
  mkdirSync(GENERATED, { recursive: true });
  const messages = readMessages();
  const faults = faultsOf(messages);
  if (faults.length > 0) throw new Sentence(`Messages of the web app:\n${faults.join('\n')}`);
  write(join(GENERATED, 'messages.ts'), typesOf(messages));
  const source = readFileSync(join(ROOT, 'openapi.json'), 'utf8');
  const mark = `// openapi.json ${hashOf(source)}\n`;
  const api = join(GENERATED, 'api.ts');
  if (existsSync(api) && readFileSync(api, 'utf8').startsWith(mark)) return;
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  writeFileSync(api, mark + astToString(await openapiTS(source, { alphabetize: true })));
}

function sourceHash() {
  return hashOfFiles([
    ...[...filesBelow(WEB, true)].filter((file) => !file.startsWith(GENERATED)),
    ...filesBelow(join(ROOT, 'libs', 'domain', 'src'), true),
    // Those at hand are offered to whoever imports records.
    ...filesBelow(join(ROOT, 'checklists', 'mappings'), true),
    ...['web.mjs', 'web-messages.mjs', 'web-plugins.mjs'].map((name) => join(ROOT, 'scripts', name)),
    ...['openapi.json', 'package-lock.json'].map((name) => join(ROOT, name)),
  ]);
}

/** Every text file also as .br and .gz, so that serving it costs nothing. */
function compress() {
  for (const file of filesBelow(OUT, true)) {
    if (!/\.(js|css|html|svg|json|webmanifest)$/.test(file)) continue;
    const bytes = readFileSync(file);
    if (bytes.length < 1024) continue;
    writeFileSync(
      `${file}.br`,
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    );
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** Gzipped bytes of JavaScript that the first load of each area takes, in English. */
export function firstLoads() {
  const parts = JSON.parse(readFileSync(join(OUT, 'first.json'), 'utf8'));
  const size = (files) =>
    [...new Set(files)]
      .filter((file) => file.endsWith('.js'))
      .reduce((sum, file) => sum + gzipSync(readFileSync(join(OUT, file)), { level: 9 }).length, 0);
  return Object.fromEntries(
    Object.keys(parts)
      .filter((part) => part.startsWith('areas/'))
      .map((part) => {
        const area = part.slice('areas/'.length);
        const files = [parts.shell, parts['texts/en/base'], parts[part], parts[`texts/en/${area}`] ?? []];
        return [area, size(files.flat())];
      }),
  );
}

const kB = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;

/** Builds when something changed. */
export async function buildWeb() {
  const mark = join(OUT, '.built');
  const hash = sourceHash();
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hash) return 'unchanged';
  rmSync(mark, { force: true });
  await generate();
  await run(
    process.execPath,
    [join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', WEB, '--logLevel', 'warn'],
    {
      title: 'The build of the web app',
      // Whoever builds for a test gets what people get.
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    },
  );
  compress();
  const loads = firstLoads();
  const told = Object.entries(loads)
    .map(([area, bytes]) => `${area} ${kB(bytes)}`)
    .join(', ');
  const tooLarge = LIMITED.filter((area) => !(loads[area] <= LIMIT));
  if (tooLarge.length > 0)
    throw new Sentence(
      `The first load of ${tooLarge.join(' and ')} takes more than ${kB(LIMIT)} of JavaScript (gzip): ${told}. Load what isn't needed at once with lazy().`,
    );
  writeFileSync(mark, hash);
  return `JavaScript of a first load, gzip: ${told}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    if (process.argv[2] === 'generate') await generate();
    else if (process.argv[2] === 'build') console.log(await buildWeb());
    else throw new Sentence('node scripts/web.mjs generate | build');
  } catch (error) {
    console.error(error instanceof Sentence ? error.message : error);
    process.exit(1);
  }
}
