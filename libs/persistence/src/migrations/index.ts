import { FirstSchema1795433104544 } from './1795433104544-first-schema.js';
import { RulesInTheDatabase1795433200000 } from './1795433200000-rules-in-the-database.js';
import { WhoSeesWhat1795440000000 } from './1795440000000-who-sees-what.js';
import { AuditTrail1795441000000 } from './1795441000000-audit-trail.js';
import { PeoplesData1795470000000 } from './1795470000000-peoples-data.js';

/** Every migration, oldest first. A published one is never changed. */
export const migrations = [
  FirstSchema1795433104544,
  RulesInTheDatabase1795433200000,
  WhoSeesWhat1795440000000,
  AuditTrail1795441000000,
  PeoplesData1795470000000,
];
