import { DomainError, isLocale, type Locale, LOCALES } from '#domain';
import { dayIn } from '#platform';
import type { Database, Queryable } from '#persistence';
import type { Actor } from './actor.js';

/** Somebody a mail goes to, with the language it is written in. */
export interface Recipient {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly locale: Locale;
}

/** What a person reads and may change about themselves. */
export interface Me extends Actor {
  /** Language of the mails to them; null: nothing chosen. */
  readonly language: Locale | null;
  /** IANA name; null: nothing chosen. */
  readonly timeZone: string | null;
  /** Of the businesses they belong to, those that have left for good: nothing new begins for them. */
  readonly left: readonly { readonly organisationId: string; readonly on: string }[];
}

/** The language of a mail: what the person has chosen, else the first of the site's that we speak, else English. */
export function mailLocale(chosen: string | null, siteLanguages: readonly string[] = []): Locale {
  return isLocale(chosen) ? chosen : (siteLanguages.find(isLocale) ?? 'en');
}

/** The settings people make for themselves. */
export class PeopleService {
  constructor(private readonly db: Database) {}

  async me(actor: Actor): Promise<Me> {
    const [row] = await this.db.query(
      `SELECT p.language, p.time_zone AS "timeZone", o.left
         FROM (SELECT coalesce(jsonb_agg(jsonb_build_object('organisationId', id, 'on', (dissolved_at AT TIME ZONE 'UTC')::date::text) ORDER BY id), '[]') AS left
                 FROM organisation WHERE dissolved_at IS NOT NULL AND id = ANY ($2)) o
         LEFT JOIN person_settings p ON p.user_id = $1`,
      [actor.userId, actor.memberships.map(({ organisationId }) => organisationId)],
    );
    return { ...actor, language: row.language, timeZone: row.timeZone, left: row.left };
  }

  /** Changes what is given; null takes a choice back. @throws DomainError `settings-invalid` */
  async change(actor: Actor, input: { language?: string | null; timeZone?: string | null }): Promise<Me> {
    if (input.language && !isLocale(input.language)) {
      throw new DomainError('settings-invalid', 'There are no mails in this language.', [
        { field: '/language', message: 'unknown', fix: `Use one of: ${LOCALES.join(', ')}.` },
      ]);
    }
    if (input.timeZone && !isTimeZone(input.timeZone)) {
      throw new DomainError('settings-invalid', 'There is no such time zone.', [
        { field: '/timeZone', message: 'unknown', fix: 'Use an IANA name such as Africa/Cairo.' },
      ]);
    }
    await this.db.query(
      `INSERT INTO person_settings (user_id, language, time_zone, updated_at) VALUES ($1, $2, $3, now())
       ON CONFLICT (user_id) DO UPDATE SET language = CASE WHEN $4 THEN excluded.language ELSE person_settings.language END,
         time_zone = CASE WHEN $5 THEN excluded.time_zone ELSE person_settings.time_zone END, updated_at = now()`,
      [
        actor.userId,
        input.language ?? null,
        input.timeZone ?? null,
        input.language !== undefined,
        input.timeZone !== undefined,
      ],
    );
    return this.me(actor);
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

type RecipientRow = Omit<Recipient, 'locale'> & { language: string | null; siteLanguages: string[] | null };
const recipient = ({ language, siteLanguages, ...person }: RecipientRow): Recipient => ({
  ...person,
  locale: mailLocale(language, siteLanguages ?? []),
});

/** Owners and quality managers of a site's organisation; with `managers` also its programmes' managers. By address. */
export async function siteRecipients(
  db: Queryable,
  siteId: string,
  { managers = false } = {},
): Promise<Recipient[]> {
  // A manager's language is not the site's.
  const rows: RecipientRow[] = await db.query(
    `SELECT x.user_id AS "userId", person_name(x.user_id) AS name, person_email(x.user_id) AS email, max(p.language) AS language,
            CASE WHEN bool_or(x.part = 'owner-organisation') THEN (SELECT languages FROM site WHERE id = $1) END AS "siteLanguages"
       FROM site_access x LEFT JOIN person_settings p ON p.user_id = x.user_id
      WHERE x.site_id = $1 AND ((x.part = 'owner-organisation' AND x.role IN ('owner', 'qa-manager'))
         OR ($2 AND x.part = 'agency' AND x.role = 'programme-manager'))
      GROUP BY x.user_id ORDER BY email`,
    [siteId, managers],
  );
  return rows.map(recipient);
}

/** One person, as a mail goes to them; undefined: they have no address any more. */
export async function personToWrite(db: Queryable, userId: string): Promise<Recipient | undefined> {
  const [row]: RecipientRow[] = await db.query(
    `SELECT $1::text AS "userId", person_name($1) AS name, person_email($1) AS email, NULL::text[] AS "siteLanguages",
            (SELECT language FROM person_settings WHERE user_id = $1) AS language`,
    [userId],
  );
  return row?.email && row.name ? recipient(row) : undefined;
}

/** Owners and managers of the agencies of a programme, by address. */
export async function programmeManagers(db: Queryable, programmeId: string): Promise<Recipient[]> {
  const rows: RecipientRow[] = await db.query(
    `SELECT DISTINCT m.user_id AS "userId", person_name(m.user_id) AS name, person_email(m.user_id) AS email, p.language, NULL::text[] AS "siteLanguages"
       FROM programme_participant pp JOIN membership m ON m.organisation_id = pp.organisation_id
       LEFT JOIN person_settings p ON p.user_id = m.user_id
      WHERE pp.programme_id = $1 AND pp.part = 'agency' AND m.role IN ('owner', 'programme-manager') ORDER BY email`,
    [programmeId],
  );
  return rows.map(recipient);
}

/** Anybody, by their id: an assessor of the calendars with the address kept there, else the person who signs in. */
export async function recipientById(db: Queryable, userId: string): Promise<Recipient | null> {
  const [row] = await db.query(
    `SELECT x.id AS "userId", x.name, x.email, p.language, NULL::text[] AS "siteLanguages"
       FROM (SELECT id, name, email FROM assessor WHERE id = $1
             UNION ALL SELECT $1, person_name($1), person_email($1)) x
       LEFT JOIN person_settings p ON p.user_id = x.id WHERE x.email IS NOT NULL LIMIT 1`,
    [userId],
  );
  return row ? recipient(row as RecipientRow) : null;
}

/**
 * What day it is for a cohort or a site: the time zone of its programme decides (of the newest enrolment where there are
 * several), UTC where there is none.
 */
export async function programmeDay(
  db: Queryable,
  of: { cohortId?: string | null; siteId?: string },
  now = new Date(),
): Promise<string> {
  const [row] = await db.query(
    `SELECT coalesce(
       (SELECT p.time_zone FROM cohort c JOIN programme p ON p.id = c.programme_id WHERE c.id = $1),
       (SELECT p.time_zone FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN programme p ON p.id = c.programme_id
         WHERE e.site_id = $2 ORDER BY e.enrolled_on DESC, e.id LIMIT 1), 'UTC') AS zone`,
    [of.cohortId ?? null, of.siteId ?? null],
  );
  return dayIn(now, row.zone);
}

/**
 * SQL: the day it is where a site's programme is, as text, when that decides whether a last day is over; null when it is the same
 * everywhere. Somebody who doesn't see the programme gets the day in UTC.
 */
export const dayAround = (siteId: string, lastDay: string): string => `
  CASE WHEN ${lastDay} BETWEEN current_date - 1 AND current_date THEN
    (SELECT (now() AT TIME ZONE p.time_zone)::date::text FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
       JOIN programme p ON p.id = c.programme_id WHERE e.site_id = ${siteId} ORDER BY e.enrolled_on DESC, e.id LIMIT 1) END`;

/** The latest of the days that it is in the programmes, so that nothing is planned for a day that has begun anywhere. */
export async function latestProgrammeDay(db: Queryable, now = new Date()): Promise<string> {
  const rows: { zone: string }[] = await db.query(`SELECT DISTINCT time_zone AS zone FROM programme`);
  return rows.map(({ zone }) => dayIn(now, zone)).reduce((a, b) => (a > b ? a : b), dayIn(now));
}
