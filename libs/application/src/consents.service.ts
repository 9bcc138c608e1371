import {
  addDays,
  checkGrant,
  DomainError,
  GRANT_REMINDER_DAYS,
  grantMachine,
  grantStateOn,
  impliedScopes,
  transition,
  type GrantRecipient,
  type GrantState,
  type GrantTerms,
  type Scope,
} from '#domain';
import type { Database } from '#persistence';
import { appendToOutbox, dayIn } from '#platform';
import type { ConsentLedgerView, ConsentMail, Locale } from '#reporting';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { forbidden, notFound, type Actor } from './actor.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { mustBeCurrent } from './revision.js';
import type { ShareLinks } from './share-links.js';

export interface NewGrant extends GrantTerms {
  readonly recipient: GrantRecipient;
  /** Language of what the holder of a link gets. */
  readonly language?: Locale;
}

export interface GrantRow {
  readonly id: string;
  readonly supplierId: string;
  readonly supplier: string;
  readonly granteeId: string | null;
  /** Name of the organisation, or of the person who has a link. */
  readonly recipient: string;
  readonly recipientEmail: string | null;
  readonly language: Locale;
  readonly sites: { readonly id: string; readonly name: string | null }[];
  readonly scopes: Scope[];
  readonly purpose: string;
  readonly until: string;
  readonly state: GrantState;
  readonly revision: number;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly changedAt: Date | null;
  readonly revokedAt: Date | null;
  /** Address of the page for a recipient without an account; only for who may grant, while it works. */
  readonly link?: string;
}

/** A consent as its recipient sees it. */
export type ReceivedGrant = Omit<GrantRow, 'createdBy'>;

export interface ConsentEventRow {
  readonly id: string;
  readonly grantId: string;
  readonly kind: ConsentLedgerView['events'][number]['kind'];
  readonly at: Date;
  readonly granteeId: string | null;
  readonly recipient: string;
  /** Who did it: a person of the reader's own organisation by name, else the party. */
  readonly by: string;
  readonly detail: Record<string, unknown>;
}

/** An organisation that sees something of a supplier by way of a programme. */
export interface ProgrammeViewer {
  readonly programme: string;
  readonly organisation: string;
  readonly part: 'agency' | 'assessment-provider' | 'buyer';
  /** null: the whole record. */
  readonly scopes: readonly Scope[] | null;
}

/** What the worker tells people about a grant. */
export type ConsentStep = ConsentMail['step'];

// The sites of an ended grant are named to the supplier only: its recipient no longer sees them.
const columns = `
  g.id, g.supplier_id AS "supplierId", s.name AS supplier, g.grantee_id AS "granteeId",
  coalesce(o.name, g.recipient_name, '—') AS recipient, g.recipient_email AS "recipientEmail", g.language,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', x.site_id, 'name', t.name) ORDER BY t.name, x.site_id), '[]')
     FROM consent_grant_site x LEFT JOIN site t ON t.id = x.site_id WHERE x.grant_id = g.id) AS sites,
  g.scopes, g.purpose, g.until::text AS until, g.state, g.revision, g.created_by AS "createdBy", g.created_at AS "createdAt",
  g.changed_at AS "changedAt", g.revoked_at AS "revokedAt", g.link_version AS "linkVersion"`;
const joins = `consent_grant g JOIN organisation s ON s.id = g.supplier_id LEFT JOIN organisation o ON o.id = g.grantee_id`;
type StoredGrant = GrantRow & { readonly linkVersion: number };

/** Consent grants: given, changed and taken back by the supplier; the ledger of them; what others gave to one. */
export class ConsentsService {
  constructor(
    private readonly db: Database,
    private readonly links: ShareLinks,
  ) {}

  /** Lets somebody see some of the record. @throws DomainError `grant-invalid`, `grantee-unknown`, `not-found`. */
  async grant(actor: Actor, supplierId: string, input: NewGrant): Promise<GrantRow> {
    const today = dayIn(new Date());
    this.mustConsent(actor, supplierId);
    checkGrant({ ...input, supplierId }, today);
    const { recipient } = input;
    return this.db.transaction(async (tx) => {
      await mustOwnSites(tx, supplierId, input.siteIds);
      const granteeId = 'organisationId' in recipient ? recipient.organisationId : null;
      if (granteeId) await mustBeGrantable(tx, supplierId, granteeId);
      const id = randomUUID();
      await tx.query(
        `INSERT INTO consent_grant (id, supplier_id, grantee_id, recipient_name, recipient_email, language, scopes, purpose, until, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          id,
          supplierId,
          granteeId,
          'name' in recipient ? recipient.name : null,
          'email' in recipient ? recipient.email : null,
          input.language ?? 'en',
          impliedScopes(input.scopes),
          input.purpose.trim(),
          input.until,
          actor.userId,
        ],
      );
      await putSites(tx, id, input.siteIds);
      await tell(tx, id, 'granted', 1, input.siteIds);
      return this.shown(actor, await row(tx, id));
    });
  }

  /** Changes sites, scopes, purpose or the last day. @throws DomainError `stale-revision`, `transition-not-allowed`. */
  async change(
    actor: Actor,
    supplierId: string,
    id: string,
    revision: number | null,
    input: Partial<GrantTerms>,
  ): Promise<GrantRow> {
    const today = dayIn(new Date());
    return this.db.transaction(async (tx) => {
      const grant = await this.lock(tx, actor, supplierId, id, revision);
      transition(grantMachine, grantStateOn(grant, today), 'change');
      const before = grant.sites.map((site) => site.id);
      const terms = {
        siteIds: input.siteIds ?? before,
        scopes: input.scopes ?? grant.scopes,
        purpose: input.purpose ?? grant.purpose,
        until: input.until ?? grant.until,
      };
      checkGrant(terms, today);
      await mustOwnSites(tx, supplierId, terms.siteIds);
      if (input.siteIds) {
        await tx.query(`DELETE FROM consent_grant_site WHERE grant_id = $1 AND NOT site_id = ANY ($2)`, [
          id,
          input.siteIds,
        ]);
        await putSites(tx, id, input.siteIds);
      }
      await tx.query(
        `UPDATE consent_grant SET scopes = $2, purpose = $3, until = $4, changed_by = $5, changed_at = now(), revision = revision + 1 WHERE id = $1`,
        [id, impliedScopes(terms.scopes), terms.purpose.trim(), terms.until, actor.userId],
      );
      await tell(tx, id, 'changed', grant.revision + 1, [...new Set([...before, ...terms.siteIds])]);
      return this.shown(actor, await row(tx, id));
    });
  }

  /** Takes it back. The next statement of its recipient, whoever it is, finds nothing any more. */
  async revoke(actor: Actor, supplierId: string, id: string, revision: number | null): Promise<GrantRow> {
    return this.db.transaction(async (tx) => {
      const grant = await this.lock(tx, actor, supplierId, id, revision);
      const state = transition(grantMachine, grant.state, 'revoke');
      await tx.query(
        `UPDATE consent_grant SET state = $2, revoked_by = $3, revoked_at = now(), revision = revision + 1 WHERE id = $1`,
        [id, state, actor.userId],
      );
      await tell(
        tx,
        id,
        'revoked',
        grant.revision + 1,
        grant.sites.map((site) => site.id),
      );
      return this.shown(actor, await row(tx, id));
    });
  }

  /** A new link in place of one that came into the wrong hands. Those given out before are worthless at once. */
  async renewLink(actor: Actor, supplierId: string, id: string, revision: number | null): Promise<GrantRow> {
    return this.db.transaction(async (tx) => {
      const grant = await this.lock(tx, actor, supplierId, id, revision);
      transition(grantMachine, grantStateOn(grant, dayIn(new Date())), 'change');
      if (grant.granteeId)
        throw new DomainError(
          'grant-has-no-link',
          'An organisation signs in; there is no link.',
          [],
          'conflict',
        );
      await tx.query(
        `UPDATE consent_grant SET link_version = link_version + 1, changed_by = $2, changed_at = now(), revision = revision + 1 WHERE id = $1`,
        [id, actor.userId],
      );
      await tell(tx, id, 'changed', grant.revision + 1, []);
      return this.shown(actor, await row(tx, id));
    });
  }

  /** Every grant of a supplier, newest first. */
  async list(actor: Actor, supplierId: string): Promise<GrantRow[]> {
    mustBelong(actor, supplierId);
    return this.db.transaction(async (tx) => {
      const rows: StoredGrant[] = await tx.query(
        `SELECT ${columns} FROM ${joins} WHERE g.supplier_id = $1 ORDER BY g.created_at DESC, g.id LIMIT 1000`,
        [supplierId],
      );
      return rows.map((grant) => this.shown(actor, grant));
    });
  }

  async get(actor: Actor, supplierId: string, id: string): Promise<GrantRow> {
    mustBelong(actor, supplierId);
    return this.db.transaction(async (tx) => {
      const grant = await row(tx, id);
      if (grant.supplierId !== supplierId) throw notFound('consent');
      return this.shown(actor, grant);
    });
  }

  /** What suppliers grant, or granted, to organisations of the actor. */
  async received(actor: Actor): Promise<ReceivedGrant[]> {
    return this.db.transaction(async (tx) => {
      const rows: StoredGrant[] = await tx.query(
        `SELECT ${columns} FROM ${joins} WHERE g.grantee_id = ANY ($1) ORDER BY g.created_at DESC, g.id LIMIT 1000`,
        [actor.memberships.map(({ organisationId }) => organisationId)],
      );
      return rows.map((grant) => {
        const { createdBy: _createdBy, ...shown } = this.shown(actor, grant);
        return shown.state === 'active' ? shown : { ...shown, sites: [] };
      });
    });
  }

  /** Everything that happened to a supplier's grants, newest first. */
  async ledger(actor: Actor, supplierId: string, page: PageRequest): Promise<Page<ConsentEventRow>> {
    mustBelong(actor, supplierId);
    const rows = await this.db.transaction((tx) => events(tx, supplierId, page.after, page.limit + 1));
    return pageOf(rows, page, (event) => event.id);
  }

  /** The supplier's page: who sees something now, by consent or by a programme, and the ledger. */
  async ledgerPage(actor: Actor, supplierId: string): Promise<ConsentLedgerView> {
    const grants = await this.list(actor, supplierId);
    return this.db.transaction(async (tx) => {
      const [organisation] = await tx.query(`SELECT name FROM organisation WHERE id = $1`, [supplierId]);
      const programmes = await viewers(tx, supplierId);
      const happened = await events(tx, supplierId, null, 101);
      return {
        organisation: organisation.name,
        grants: grants.map((grant) => ({
          to: grant.recipient,
          sites: grant.sites.map((site) => site.name ?? '—'),
          scopes: grant.scopes,
          purpose: grant.purpose,
          until: grant.until,
          state: grant.state,
        })),
        programmes,
        events: happened.slice(0, 100).map((event) => ({
          on: event.at.toISOString().slice(0, 10),
          kind: event.kind,
          to: event.recipient,
        })),
        moreEvents: happened.length > 100,
        printedOn: dayIn(new Date()),
      };
    });
  }

  /** Who sees something of a supplier because its sites are enrolled in programmes. */
  async viewers(actor: Actor, supplierId: string): Promise<ProgrammeViewer[]> {
    mustBelong(actor, supplierId);
    return this.db.transaction((tx) => viewers(tx, supplierId));
  }

  /** Organisations that chose to be found, by a part of their name. */
  async directory(
    actor: Actor,
    search: string,
  ): Promise<{ id: string; name: string; kind: string; country: string }[]> {
    return this.db.transaction((tx) => tx.query(`SELECT * FROM organisation_directory($1)`, [search]));
  }

  /** Whether an organisation is found by others, and the language of its mail. */
  async setDirectoryEntry(
    actor: Actor,
    organisationId: string,
    entry: { listed: boolean; language: Locale },
  ): Promise<{ listed: boolean; language: Locale }> {
    mustBelong(actor, organisationId);
    if (!holds(actor, organisationId, ['owner']))
      throw forbidden('Only an owner decides about the directory.');
    await this.db.transaction((tx) =>
      tx.query(`UPDATE organisation SET listed = $2, language = $3 WHERE id = $1`, [
        organisationId,
        entry.listed,
        entry.language,
      ]),
    );
    return { listed: entry.listed, language: entry.language };
  }

  // ------------------------------------------------------------------------------------------------- the worker's

  /** What the letters about a step say and to whom they go; null when there is no such grant. */
  async letters(
    grantId: string,
    step: ConsentStep,
    homeUrl: string,
  ): Promise<
    { kind: 'consent-notice' | 'consent-receipt'; email: string; language: Locale; view: ConsentMail }[]
  > {
    return this.db.transaction(async (tx) => {
      const [grant] = (await tx.query(`SELECT ${columns} FROM ${joins} WHERE g.id = $1`, [
        grantId,
      ])) as StoredGrant[];
      if (!grant) return [];
      const people: { side: string; name: string; email: string; language: Locale }[] = await tx.query(
        `SELECT * FROM consent_recipients($1)`,
        [grantId],
      );
      return people.map(({ side, name, email, language }) => ({
        kind: side === 'supplier' ? ('consent-receipt' as const) : ('consent-notice' as const),
        email,
        language,
        view: {
          to: name,
          step,
          supplier: grant.supplier,
          recipient: grant.recipient,
          sites: grant.sites.map((site) => site.name ?? '—'),
          scopes: grant.scopes,
          purpose: grant.purpose,
          until: grant.until,
          url:
            side === 'supplier'
              ? `${homeUrl}/api/v1/organisations/${grant.supplierId}/consents/ledger.html`
              : grant.granteeId
                ? `${homeUrl}/api/v1/consents/received`
                : this.links.address(grant),
        },
      }));
    });
  }

  /** Notes in the ledger that both sides were told; once for a letter, however often the job runs. */
  async told(grantId: string, letter: string): Promise<void> {
    await this.db.transaction((tx) =>
      tx.query(
        `INSERT INTO consent_event (grant_id, supplier_id, grantee_id, kind, actor, detail)
         SELECT id, supplier_id, grantee_id, 'notified', 'worker', jsonb_build_object('letter', $2::text) FROM consent_grant WHERE id = $1
         ON CONFLICT DO NOTHING`,
        [grantId, letter],
      ),
    );
  }

  /** Ends grants whose last day is over, and says which end soon without anybody having been told. */
  async sweep(now = new Date()): Promise<{ expiring: { id: string; until: string }[] }> {
    return this.db.transaction(async (tx) => {
      const today = dayIn(now);
      const [ended] = (await tx.query(
        `UPDATE consent_grant SET state = 'expired', revision = revision + 1 WHERE state = 'active' AND until < $1 RETURNING id, revision`,
        [today],
      )) as [{ id: string; revision: number }[], number];
      for (const { id, revision } of ended) {
        const sites = await tx.query(`SELECT site_id AS id FROM consent_grant_site WHERE grant_id = $1`, [
          id,
        ]);
        await tell(
          tx,
          id,
          'expired',
          revision,
          sites.map((site: { id: string }) => site.id),
        );
      }
      const expiring = await tx.query(
        `SELECT g.id, g.until::text AS until FROM consent_grant g WHERE g.state = 'active' AND g.until BETWEEN $1 AND $2
            AND g.created_at < $1::date AND NOT EXISTS (SELECT 1 FROM consent_event e
              WHERE e.grant_id = g.id AND e.kind = 'notified' AND e.detail ->> 'letter' = 'expiring ' || g.until)`,
        [today, addDays(today, GRANT_REMINDER_DAYS)],
      );
      return { expiring };
    });
  }

  private mustConsent(actor: Actor, supplierId: string): void {
    mustBelong(actor, supplierId);
    if (!holds(actor, supplierId, ['owner', 'qa-manager']))
      throw forbidden('Only an owner or quality manager of the supplier decides about consent.');
  }

  private async lock(
    tx: EntityManager,
    actor: Actor,
    supplierId: string,
    id: string,
    revision: number | null,
  ): Promise<StoredGrant> {
    this.mustConsent(actor, supplierId);
    await tx.query(`SELECT 1 FROM consent_grant WHERE id = $1 AND supplier_id = $2 FOR UPDATE`, [
      id,
      supplierId,
    ]);
    const grant = await row(tx, id);
    if (grant.supplierId !== supplierId) throw notFound('consent');
    mustBeCurrent('consent', revision, grant.revision);
    return grant;
  }

  /** A grant as its reader sees it: the state as of today, the link for who may hand it out. */
  private shown(actor: Actor, { linkVersion, ...grant }: StoredGrant): GrantRow {
    const state = grantStateOn(grant, dayIn(new Date()));
    const mayHandOut = holds(actor, grant.supplierId, ['owner', 'qa-manager']);
    return {
      ...grant,
      state,
      ...(!grant.granteeId &&
        state === 'active' &&
        mayHandOut && { link: this.links.address({ id: grant.id, linkVersion }) }),
    };
  }
}

const holds = (actor: Actor, organisationId: string, roles: readonly string[]): boolean =>
  actor.memberships.some(
    (membership) => membership.organisationId === organisationId && roles.includes(membership.role),
  );

function mustBelong(actor: Actor, organisationId: string): void {
  if (!actor.memberships.some((membership) => membership.organisationId === organisationId))
    throw notFound('organisation');
}

const viewers = (tx: EntityManager, supplierId: string): Promise<ProgrammeViewer[]> =>
  tx.query(
    `SELECT DISTINCT p.name AS programme, o.name AS organisation, r.part, CASE WHEN 'record' = ANY (r.scopes) THEN NULL ELSE r.scopes END AS scopes
       FROM site_reach r JOIN programme p ON p.id = r.programme_id JOIN organisation o ON o.id = r.organisation_id
      WHERE r.owner_id = $1 ORDER BY 1, 2, 3`,
    [supplierId],
  );

async function row(tx: EntityManager, id: string): Promise<StoredGrant> {
  const [found] = await tx.query(`SELECT ${columns} FROM ${joins} WHERE g.id = $1`, [id]);
  if (!found) throw notFound('consent');
  return found;
}

async function mustOwnSites(
  tx: EntityManager,
  supplierId: string,
  siteIds: readonly string[],
): Promise<void> {
  const own: { id: string }[] = await tx.query(
    `SELECT id FROM site WHERE organisation_id = $1 AND id = ANY ($2)`,
    [supplierId, siteIds],
  );
  const known = new Set(own.map((site) => site.id));
  const others = siteIds.filter((id) => !known.has(id.toLowerCase()));
  if (others.length === 0) return;
  throw new DomainError(
    'grant-invalid',
    'The consent cannot be given like this.',
    others.map((id) => ({
      field: '/siteIds',
      message: `${id} is no site of yours`,
      fix: 'Name your own sites.',
    })),
  );
}

/** The same answer for an organisation that does not exist, is not listed, or is dissolved. */
async function mustBeGrantable(tx: EntityManager, supplierId: string, granteeId: string): Promise<void> {
  const [{ ok }] = await tx.query(`SELECT may_be_granted($1, $2) AS ok`, [supplierId, granteeId]);
  if (ok) return;
  throw new DomainError('grantee-unknown', 'There is no such organisation to grant to.', [
    {
      field: '/granteeId',
      message: 'not in the directory',
      fix: 'Look it up in the directory, or send a link to a person there.',
    },
  ]);
}

async function putSites(tx: EntityManager, grantId: string, siteIds: readonly string[]): Promise<void> {
  await tx.query(
    `INSERT INTO consent_grant_site (grant_id, site_id) SELECT $1, * FROM unnest($2::uuid[]) ON CONFLICT DO NOTHING`,
    [grantId, siteIds],
  );
}

/** Has both sides told, and readiness of the sites looked at anew. */
async function tell(
  tx: EntityManager,
  grantId: string,
  step: ConsentStep,
  revision: number,
  siteIds: readonly string[],
): Promise<void> {
  await appendToOutbox(tx, 'consent-changed', { grantId, step, revision });
  for (const siteId of siteIds) await appendToOutbox(tx, 'site-changed', { siteId });
}

function events(
  tx: EntityManager,
  supplierId: string,
  before: string | null,
  limit: number,
): Promise<ConsentEventRow[]> {
  return tx.query(
    `SELECT e.id::text AS id, e.grant_id AS "grantId", e.kind, e.at, e.grantee_id AS "granteeId",
            coalesce(o.name, g.recipient_name, '—') AS recipient,
            CASE WHEN e.actor IN ('worker', 'operator') THEN e.actor
                 WHEN e.kind = 'viewed' THEN coalesce(o.name, g.recipient_name, '—')
                 ELSE coalesce(person_name(e.actor), '—') END AS by,
            e.detail
       FROM consent_event e LEFT JOIN consent_grant g ON g.id = e.grant_id LEFT JOIN organisation o ON o.id = e.grantee_id
      WHERE e.supplier_id = $1 AND ($2::bigint IS NULL OR e.id < $2) ORDER BY e.id DESC LIMIT $3`,
    [supplierId, before, limit],
  );
}
