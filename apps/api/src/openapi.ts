import { loadConfig } from '#platform';
import { writeFileSync } from 'node:fs';
import { createApi, openApiOf } from './create-api.js';

/** Writes the OpenAPI document of this build: `node dist/apps/api/src/openapi.js FILE`. Connects to nothing. */
const config = {
  ...loadConfig({ UPLIFT_SECRET: 'x'.repeat(32), DATABASE_URL: 'postgres://none:none@127.0.0.1:1/none' }),
  port: 3000,
};
const app = await createApi(config, true);
writeFileSync(process.argv[2] ?? 'openapi.json', `${JSON.stringify(openApiOf(app), null, 2)}\n`);
process.exit(0);
