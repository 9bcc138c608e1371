import type { CertificateStatus, Readiness, ReadinessCode } from '#domain';
import type { PhraseKey } from './messages/index.js';
import { speech } from './speech.js';
import type { SheetTable } from './table.js';
import type { Locale } from './views.js';

/** One line of a buyer's list: a site under one rule for one product category; without a rule where nothing is shared. */
export interface SupplierLine {
  readonly organisation: string;
  readonly site: string;
  readonly city: string;
  readonly country: string;
  readonly sharedUntil: string | null;
  readonly certificate: {
    readonly number: string;
    readonly status: CertificateStatus;
    readonly validUntil: string | null;
  } | null;
  readonly approval: {
    readonly rule: string;
    readonly version: string;
    readonly category: string;
    readonly status: Readiness['status'];
    readonly validUntil: string | null;
    /** Last day on which the rule excused what fails; with "not-ready" it is over. */
    readonly graceUntil: string | null;
    /** The version of the rule that takes the place of the one it was worked out under. */
    readonly next: string | null;
    readonly assessedOn: string | null;
    readonly missing: number | null;
    readonly failing: readonly {
      readonly code: ReadinessCode;
      readonly subject: string | null;
      readonly actual: number | string | boolean | null;
      readonly needed: number | string | boolean;
    }[];
  } | null;
}

const STATUS = {
  ready: 'ready',
  conditional: 'conditional',
  'not-ready': 'notReady',
  'not-assessed': 'notAssessedYet',
  'not-covered': 'noDataShared',
} as const satisfies Readonly<Record<Readiness['status'], PhraseKey>>;
const CERTIFICATE = {
  valid: 'statusValid',
  suspended: 'statusSuspended',
  withdrawn: 'statusWithdrawn',
  expired: 'statusExpired',
  superseded: 'statusSuperseded',
} as const satisfies Readonly<Record<CertificateStatus, PhraseKey>>;
const CONDITION = {
  age: 'conditionAge',
  scorable: 'conditionScorable',
  passed: 'conditionPassed',
  'mandatory-items': 'conditionMandatoryItems',
  'open-critical': 'conditionOpenCritical',
  'open-major': 'conditionOpenMajor',
  'open-minor': 'conditionOpenMinor',
  section: 'conditionSection',
  'every-section': 'conditionEverySection',
  points: 'conditionPoints',
  grade: 'conditionGrade',
} as const satisfies Readonly<Record<ReadinessCode, PhraseKey>>;

/** A buyer's list as a spreadsheet in a language: who is ready for what, until when, and what fails where not. */
export function supplierTable(lines: readonly SupplierLine[], locale: Locale): SheetTable {
  const said = speech(locale);
  const value = (of: number | string | boolean | null): string =>
    of === null
      ? said.say('notRated')
      : typeof of === 'boolean'
        ? said.say(of ? 'yes' : 'no')
        : typeof of === 'number'
          ? said.number(of, 1)
          : of;
  const why = ({ status, graceUntil, next, failing }: NonNullable<SupplierLine['approval']>): string[] => [
    ...(next ? [said.say('beingWorkedOut', { version: next })] : []),
    ...(status === 'not-ready' && graceUntil ? [said.say('graceOver', { date: said.date(graceUntil) })] : []),
    ...failing.map(({ code, subject, actual, needed }) =>
      said.say('conditionLine', {
        what: said.say(CONDITION[code], { section: subject ?? '' }),
        actual: value(actual),
        needed: value(needed),
      }),
    ),
  ];
  const text = (key: PhraseKey, width: number) => ({ header: said.say(key), kind: 'text', width }) as const;
  const day = (key: PhraseKey) => ({ header: said.say(key), kind: 'day', width: 14 }) as const;
  return {
    name: said.say('supplierList'),
    rightToLeft: said.dir === 'rtl',
    columns: [
      text('supplier', 28),
      text('listSite', 28),
      text('listCity', 16),
      text('listCountry', 16),
      text('listCategory', 22),
      text('listRule', 36),
      text('listRuleVersion', 10),
      text('listStatus', 16),
      day('listUntil'),
      text('listWhy', 48),
      { header: said.say('listMissing'), kind: 'number', width: 12 },
      day('listAssessedOn'),
      text('listCertificate', 18),
      text('listCertificateStatus', 14),
      day('listCertificateUntil'),
      day('listSharedUntil'),
    ],
    rows: lines.map(({ organisation, site, city, country, sharedUntil, certificate, approval }) => [
      organisation,
      site,
      city,
      said.country(country),
      approval?.category ?? null,
      approval?.rule ?? null,
      approval?.version ?? null,
      said.say(approval ? STATUS[approval.status] : 'noDataShared'),
      approval?.validUntil ?? null,
      approval ? why(approval).join('\n') || null : null,
      approval?.missing ?? null,
      approval?.assessedOn ?? null,
      certificate?.number ?? null,
      certificate ? said.say(CERTIFICATE[certificate.status]) : null,
      certificate?.validUntil ?? null,
      sharedUntil,
    ]),
  };
}
