import type { TokenScope } from '#application';

const ID = '[^/]+';

/**
 * What an API token's scopes open, besides reading. What is not here, a token may not write, whatever its scopes: rules of
 * impartiality, exceptions from them, reviews, decisions and complaints are for people who answer for them.
 */
const WRITES: readonly (readonly [scope: TokenScope, path: string])[] = [
  ['assess', 'assessments'],
  ['assess', `assessments/${ID}/responses`],
  ['assess', `assessments/${ID}/operations`],
  ['assess', `assessments/${ID}/submit`],
  ['assess', `assessments/${ID}/evidence`],
  ['assess', `assessments/${ID}/evidence/acknowledged`],
  ['assess', `evidence/${ID}`],
  ['assess', `evidence/${ID}/upload`],
  ['manage', 'sites'],
  ['manage', 'programmes'],
  ['manage', 'cohorts'],
  ['manage', `cohorts/${ID}/joining-code`],
  ['manage', `cohorts/${ID}/enrolments`],
  ['manage', `cohorts/${ID}/enrolments/${ID}/exit`],
  ['manage', `assessors/${ID}/absences`],
  ['manage', 'engagements'],
  ['manage', `engagements/${ID}/end`],
  ['publish', 'content'],
  ['publish', `buyers/${ID}/rules`],
];

/** The scope a call takes; null: no token may make it. */
export function scopeOf(method: string, url: string): TokenScope | null {
  if (['GET', 'HEAD'].includes(method)) return 'read';
  const path = (url.split('?')[0] ?? '').replace(/^\/api\/v1\//, '');
  return WRITES.find(([, pattern]) => new RegExp(`^${pattern}/?$`).test(path))?.[0] ?? null;
}
