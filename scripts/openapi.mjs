// Writes the OpenAPI document of this build: node scripts/openapi.mjs FILE
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../dist/apps/api/src/openapi.js';
import { answersOf } from './answers.mjs';

const document = await openApiDocument(answersOf);
writeFileSync(process.argv[2] ?? 'openapi.json', `${JSON.stringify(document, null, 2)}\n`);
process.exit(0);
