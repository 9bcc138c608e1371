import type { ComponentType } from 'react';
import { manages, managesAgency } from '#web/api/roles';
import type { Me, Membership } from '#web/api/session';
import type { Texts } from '#web/generated/messages';
import { loadTexts } from '#web/i18n/texts';
import type { IconName } from '#web/ui/icons';
import { type Ask, readFirst } from './supplier/first';

/** A page of an area. Those with `nav` stand in its navigation. */
export interface Page {
  /** From the app's root: `/supplier/sites/:id`; `useParams` gives the parts. */
  readonly path: string;
  /** `lazy(() => import('./page'))` for all but the first page of an area. */
  readonly page: ComponentType;
  readonly nav?: {
    readonly label: keyof Texts;
    readonly icon: IconName;
    /** Only for whoever looks after the installation itself. */
    readonly administrators?: boolean;
    /** Only for whoever holds this role somewhere. */
    readonly role?: Membership['role'];
  };
}

/** A page that areas share, with the texts it has apart from theirs: its file and they come together. */
export const withTexts =
  <T>(texts: Parameters<typeof loadTexts>[0], load: () => Promise<T>) =>
  (): Promise<T> =>
    Promise.all([load(), loadTexts(texts)]).then(([page]) => page);

/** What `areas/<id>/index.tsx` exports as its default. */
export type Area = readonly Page[];

interface AreaEntry {
  readonly id: string;
  readonly load: () => Promise<{ default: Area }>;
  /** Whether a membership opens this area. Only what is shown: what may be done, the API decides. */
  readonly opens: (membership: Membership) => boolean;
  /** Asks for what its first page reads, in the page's very words, while the app's code is still on its way. */
  readonly first?: (me: Me, ask: Ask) => Promise<unknown>;
  /** Where it opens more than it is the start of: whose start it is. */
  readonly starts?: (membership: Membership) => boolean;
}

/** The parts of the app, each with its own code and texts. The first that a person's memberships open is where they start. */
export const AREAS = [
  {
    id: 'assessor',
    load: () => import('./assessor'),
    opens: ({ role }) => role === 'assessor' || role === 'mentor',
    first: (_me, ask) =>
      Promise.all(['/api/v1/assessments?as=assessor&limit=1000', '/api/v1/sites?limit=1000'].map(ask)),
  },
  {
    id: 'reviewer',
    load: () => import('./reviewer'),
    // Who answers for a programme looks into its assessments, allows exceptions and handles complaints there; they start elsewhere.
    opens: ({ role, organisationKind }) =>
      role === 'reviewer' || role === 'decider' || managesAgency({ organisationKind, role }),
    starts: ({ role }) => role === 'reviewer' || role === 'decider',
  },
  {
    id: 'supplier',
    load: () => import('./supplier'),
    opens: ({ organisationKind, role }) =>
      organisationKind === 'supplier' && !['assessor', 'mentor'].includes(role),
    first: ({ memberships }, ask) => readFirst(memberships, ask),
  },
  {
    id: 'buyer',
    load: () => import('./buyer'),
    opens: ({ organisationKind, role }) =>
      organisationKind === 'buyer' && ['owner', 'qa-manager', 'viewer'].includes(role),
  },
  {
    id: 'agency',
    load: () => import('./agency'),
    opens: ({ organisationKind, role }) =>
      (['development-agency', 'donor', 'authority', 'training-provider'].includes(organisationKind) &&
        ['owner', 'programme-manager', 'qa-manager', 'viewer'].includes(role)) ||
      // They look after the assessors there, and read what the programme's agency reads.
      (organisationKind === 'assessment-provider' && manages({ role })),
  },
  {
    id: 'admin',
    load: () => import('./admin'),
    opens: ({ organisationKind, role }) => organisationKind !== 'supplier' && manages({ role }),
  },
] as const satisfies readonly AreaEntry[];

export type AreaId = (typeof AREAS)[number]['id'];

/** Areas that somebody's memberships open, first where they start; administration also for who looks after the installation. */
export function areasOf({ memberships, administrator }: Me): AreaId[] {
  const entries = (AREAS as readonly (AreaEntry & { id: AreaId })[]).filter(
    ({ id, opens }) => memberships.some(opens) || (id === 'admin' && administrator === true),
  );
  const second = ({ starts }: AreaEntry): number => Number(starts !== undefined && !memberships.some(starts));
  return entries.sort((one, other) => second(one) - second(other)).map(({ id }) => id);
}

/** Asks for what an area's first page reads from the API. */
export const readFirstOf = (id: AreaId, me: Me, ask: Ask): Promise<unknown> | undefined =>
  (AREAS as readonly AreaEntry[]).find((each) => each.id === id)?.first?.(me, ask);

const loading = new Map<AreaId, Promise<Area>>();
const here = new Map<AreaId, Area>();

/** An area's pages, where they are loaded already. */
export const areaHere = (id: AreaId): Area | undefined => here.get(id);

/** An area's pages, with its texts loaded. */
export function loadArea(id: AreaId): Promise<Area> {
  const begun = loading.get(id);
  if (begun) return begun;
  const entry = AREAS.find((each) => each.id === id)!;
  const started = Promise.all([entry.load(), loadTexts(id)]).then(([area]) => area.default);
  loading.set(id, started);
  // A file that couldn't be fetched may be there the next time.
  started.then(
    (area) => here.set(id, area),
    () => loading.delete(id),
  );
  return started;
}
