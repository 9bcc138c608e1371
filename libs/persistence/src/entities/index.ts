import * as assessments from './assessments.js';
import * as content from './content.js';
import * as delivery from './delivery.js';
import * as imports from './imports.js';
import * as identity from './identity.js';
import * as operations from './operations.js';
import * as parties from './parties.js';
import * as people from './people.js';
import * as records from './records.js';

export * from './assessments.js';
export * from './content.js';
export * from './delivery.js';
export * from './imports.js';
export * from './identity.js';
export * from './operations.js';
export * from './parties.js';
export * from './people.js';
export * from './records.js';

/** Every entity of the product, as TypeORM wants them: the classes among what the modules export. */
export const entities = [
  parties,
  content,
  assessments,
  operations,
  delivery,
  records,
  imports,
  identity,
  people,
].flatMap((module) => Object.values(module).filter((value) => typeof value === 'function')) as (abstract new (
  ...args: never[]
) => unknown)[];
