import * as assessments from './assessments.js';
import * as content from './content.js';
import * as delivery from './delivery.js';
import * as parties from './parties.js';

export * from './assessments.js';
export * from './content.js';
export * from './delivery.js';
export * from './parties.js';

/** Every entity of the product, as TypeORM wants them. */
export const entities = [parties, content, assessments, delivery].flatMap((module) =>
  Object.values(module),
) as (abstract new (...args: never[]) => unknown)[];
