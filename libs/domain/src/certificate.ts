import { DomainError } from './domain-error.js';
import { addDays, addMonths, daysBetween, isBefore, type LocalDate } from './local-date.js';
import type { CertificateState } from './states.js';

/** What a certificate is worth on a day, as told to anybody who asks. */
export type CertificateStatus = 'valid' | 'suspended' | 'withdrawn' | 'expired' | 'superseded';

/** The stored facts from which the status of a certificate follows. */
export interface StoredCertificate {
  readonly state: CertificateState;
  /** First day of validity; null while not issued. */
  readonly issuedOn: LocalDate | null;
  /** Last day of validity, included; null when it does not run out or is not issued yet. */
  readonly validUntil: LocalDate | null;
}

/**
 * Status of a certificate on a day, computed when read. The last day of validity still counts.
 * Withdrawn and superseded stay what they are; a suspended certificate whose time has run out is expired.
 * Null: not issued on that day (draft, under review, or the first day of validity is still to come), so the public
 * is told nothing.
 * @throws DomainError `impossible-date`
 */
export function certificateStatus(stored: StoredCertificate, today: LocalDate): CertificateStatus | null {
  if (stored.state === 'draft' || stored.state === 'under-review') return null;
  if (stored.issuedOn !== null && isBefore(today, stored.issuedOn)) return null;
  if (stored.state === 'withdrawn' || stored.state === 'superseded') return stored.state;
  if (stored.validUntil !== null && isBefore(stored.validUntil, today)) return 'expired';
  return stored.state;
}

/** Months a certificate is valid unless the grade or the programme says otherwise. */
export const DEFAULT_VALIDITY_MONTHS = 12;

/**
 * Last day of validity, included: the day before the anniversary, so that 12 months from 2026-03-10 end on
 * 2027-03-09 and two certificates in a row never overlap.
 * @throws DomainError `impossible-date`, `validity-out-of-range`
 */
export function validUntil(issuedOn: LocalDate, months: number = DEFAULT_VALIDITY_MONTHS): LocalDate {
  if (!Number.isInteger(months) || months < 1 || months > 120) {
    throw new DomainError('validity-out-of-range', 'Validity must be a whole number of months, 1 to 120.');
  }
  const anniversary = addMonths(issuedOn, months);
  // When the month is shorter its last day is the end of the period itself.
  if (anniversary.slice(8) !== issuedOn.slice(8)) return anniversary;
  return addDays(anniversary, -1);
}

/**
 * Days until the certificate runs out: 0 on its last day, negative afterwards, null when it does not run out.
 * @throws DomainError `impossible-date`
 */
export function daysLeft(stored: StoredCertificate, today: LocalDate): number | null {
  return stored.validUntil === null ? null : daysBetween(today, stored.validUntil);
}

/**
 * Statements a certificate must carry, as codes; their texts are translated elsewhere. Part of the API.
 * Source: the limits of claims of second-party programmes (docs/glossary.md).
 */
export type DisclaimerCode =
  /** Unaccredited assessment against programme, edition and level. */
  | 'unaccredited-assessment'
  /** Not issued, recognised or endorsed by GFSI. */
  | 'not-gfsi'
  /** Shows conditions on the day or days stated. */
  | 'conditions-on-dates'
  /** Translations are unofficial. */
  | 'unofficial-translation'
  /** Somebody coached this site and assessed, reviewed or decided within the look-back. */
  | 'impartiality-overlap'
  /** The scoring rests on figures nobody has confirmed, or on the programme's own neutral default. */
  | 'unconfirmed-scoring'
  /** During suspension no reference to the certificate may be made. */
  | 'suspended-no-reference';

/** What decides which statements apply besides the three that always do. */
export interface DisclaimerContext {
  readonly translated?: boolean;
  /** Breaches of impartiality that were allowed, and what is disclosed. */
  readonly impartiality?: readonly unknown[];
  readonly scoringProvenance?: 'confirmed' | 'unverified' | 'programme-default';
  readonly status?: CertificateStatus | null;
}

/** The statements a certificate must carry, always in the same order. The first three always apply. */
export function disclaimer(context: DisclaimerContext = {}): DisclaimerCode[] {
  const codes: DisclaimerCode[] = ['unaccredited-assessment', 'not-gfsi', 'conditions-on-dates'];
  if (context.translated) codes.push('unofficial-translation');
  if (context.impartiality && context.impartiality.length > 0) codes.push('impartiality-overlap');
  if (context.scoringProvenance !== undefined && context.scoringProvenance !== 'confirmed')
    codes.push('unconfirmed-scoring');
  if (context.status === 'suspended') codes.push('suspended-no-reference');
  return codes;
}

const VALUES = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** 32 signs without I, L, O and U, which are mistaken for 1, 0 and V. */
const PAYLOAD_SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const NUMBER_SHAPE = /^([A-Z]{2})-(\d{4})-([0-9A-HJKMNP-TV-Z]{6})-([0-9A-Z])$/;

/**
 * Check character after ISO/IEC 7064, MOD 37,36 (hybrid system): finds every single wrong character and nearly all
 * swaps of neighbours. With P = 36 and, for each character of value a (0..35), P ← 2·((P + a) mod 36, 0 read as 36)
 * mod 37, the check character has the value (37 − P) mod 36.
 * @throws DomainError `certificate-number-invalid` for anything but 0-9 and A-Z
 */
export function checkCharacter(text: string): string {
  let p = 36;
  for (const sign of text) {
    const value = VALUES.indexOf(sign);
    if (value < 0) throw numberInvalid(`"${sign}" cannot stand in a certificate number.`);
    p = (2 * ((p + value) % 36 || 36)) % 37;
  }
  return VALUES[(37 - p) % 36]!;
}

/**
 * Six signs for a certificate number from six random bytes (five bits of each, 2^30 numbers a year). The domain has
 * no randomness of its own.
 * @throws DomainError `certificate-number-invalid` for fewer than six bytes
 */
export function certificatePayload(random: Uint8Array): string {
  if (random.length < 6) throw numberInvalid('A certificate number needs six random bytes.');
  return Array.from(random.subarray(0, 6), (byte) => PAYLOAD_SIGNS[byte & 31]).join('');
}

/**
 * A certificate number such as `UP-2026-7KQ2MX-P`: prefix (two letters), year of issue, six random signs without
 * I, L, O and U, and a check character over all that stands before it.
 * @throws DomainError `certificate-number-invalid`
 */
export function certificateNumber(year: number, payload: string, prefix: string = 'UP'): string {
  const body = `${prefix}-${String(year).padStart(4, '0')}-${payload}`;
  const check = checkCharacter(body.replaceAll('-', ''));
  const number = `${body}-${check}`;
  if (!NUMBER_SHAPE.test(number)) {
    throw numberInvalid('A certificate number has two letters, a year and six signs without I, L, O and U.');
  }
  return number;
}

/**
 * Reads a number as people type it: case, spaces and hyphens do not matter, and in the six signs O is read as 0, I
 * and L as 1. Null when the shape or the check character is wrong, which is a different answer from "unknown number".
 */
export function parseCertificateNumber(text: string): string | null {
  const bare = text.toUpperCase().replaceAll(/[\s\u2010-\u2015-]/g, '');
  if (!/^[A-Z]{2}\d{4}[0-9A-Z]{7}$/.test(bare)) return null;
  const payload = bare.slice(6, 12).replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const number = `${bare.slice(0, 2)}-${bare.slice(2, 6)}-${payload}-${bare[12]}`;
  if (!NUMBER_SHAPE.test(number)) return null;
  return checkCharacter(number.slice(0, -2).replaceAll('-', '')) === bare[12] ? number : null;
}

function numberInvalid(message: string): DomainError {
  return new DomainError('certificate-number-invalid', message);
}
