import type { Schema } from '#web/api/client';
import type { StatusKind } from './basics';

/** How each status of a site's readiness for a buyer is shown. */
export const READINESS: Readonly<Record<Schema<'Readiness'>['status'], StatusKind>> = {
  ready: 'conforming',
  conditional: 'minor',
  'not-ready': 'critical',
  'not-assessed': 'unanswered',
  'not-covered': 'na',
};
