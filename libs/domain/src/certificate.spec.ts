import fc from 'fast-check';
import {
  certificateNumber,
  certificatePayload,
  certificateStatus,
  checkCharacter,
  daysLeft,
  disclaimer,
  parseCertificateNumber,
  validUntil,
} from './certificate.js';
import type { CertificateState } from './states.js';

describe('status of a certificate', () => {
  const dates = { issuedOn: '2026-03-10', validUntil: '2027-03-09' };
  it.each<[CertificateState, string, string | null]>([
    ['draft', '2026-06-01', null],
    ['under-review', '2026-06-01', null],
    ['valid', '2026-03-09', null],
    ['valid', '2026-03-10', 'valid'],
    ['valid', '2027-03-09', 'valid'],
    ['valid', '2027-03-10', 'expired'],
    ['suspended', '2027-03-09', 'suspended'],
    ['suspended', '2027-03-10', 'expired'],
    ['withdrawn', '2028-01-01', 'withdrawn'],
    ['superseded', '2028-01-01', 'superseded'],
  ])('%s on %s → %s', (state, today, expected) => {
    expect(certificateStatus({ state, ...dates }, today)).toBe(expected);
  });

  it('without an end it does not run out', () => {
    expect(
      certificateStatus({ state: 'valid', issuedOn: '2026-03-10', validUntil: null }, '2099-01-01'),
    ).toBe('valid');
    expect(daysLeft({ state: 'valid', issuedOn: '2026-03-10', validUntil: null }, '2099-01-01')).toBeNull();
    expect(daysLeft({ state: 'valid', ...dates }, '2027-03-10')).toBe(-1);
  });

  it.each([
    ['2026-03-10', 12, '2027-03-09'],
    ['2024-02-29', 12, '2025-02-28'],
    ['2026-08-31', 6, '2027-02-28'],
    ['2026-03-01', 6, '2026-08-31'],
  ])('%s for %i months is valid until %s', (from, months, until) =>
    expect(validUntil(from, months)).toBe(until),
  );
});

describe('disclaimer', () => {
  it('always carries the three statements and adds what applies', () => {
    expect(disclaimer()).toEqual(['unaccredited-assessment', 'not-gfsi', 'conditions-on-dates']);
    expect(disclaimer({ scoringProvenance: 'confirmed', impartiality: [], status: 'valid' })).toHaveLength(3);
    expect(
      disclaimer({
        translated: true,
        impartiality: ['assessor-is-coach'],
        scoringProvenance: 'programme-default',
        status: 'suspended',
      }),
    ).toEqual([
      'unaccredited-assessment',
      'not-gfsi',
      'conditions-on-dates',
      'unofficial-translation',
      'impartiality-overlap',
      'unconfirmed-scoring',
      'suspended-no-reference',
    ]);
  });
});

describe('certificate number', () => {
  it('agrees with the published example of ISO 7064 MOD 37,36 (GRid A1-2425G-ABC1234002-M)', () => {
    expect(checkCharacter('A12425GABC1234002')).toBe('M');
  });

  const payloads = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(certificatePayload);

  it('is read back however it is typed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2000, max: 9999 }), payloads, (year, payload) => {
        const number = certificateNumber(year, payload);
        expect(number).toMatch(/^UP-\d{4}-[0-9A-HJKMNP-TV-Z]{6}-[0-9A-Z]$/);
        expect(parseCertificateNumber(number)).toBe(number);
        expect(parseCertificateNumber(` ${number.toLowerCase().replaceAll('-', ' ')} `)).toBe(number);
        const misread =
          number.slice(0, 8) +
          number.slice(8, 14).replaceAll('0', 'O').replaceAll('1', 'l') +
          number.slice(14);
        expect(parseCertificateNumber(misread)).toBe(number);
      }),
    );
  });

  it('any single wrong character is found', () => {
    const signs = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    fc.assert(
      fc.property(
        payloads,
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom(...signs),
        (payload, at, sign) => {
          fc.pre(payload[at] !== sign);
          const number = certificateNumber(2026, payload);
          const wrong = number.slice(0, 8 + at) + sign + number.slice(9 + at);
          expect(parseCertificateNumber(wrong)).toBeNull();
        },
      ),
    );
  });

  it.each(['', 'UP-2026-7KQ2MX', 'UP-26-7KQ2MX-C', '№', 'UP-2026-7KQ2UX-C'])('does not read %j', (text) => {
    expect(parseCertificateNumber(text)).toBeNull();
  });

  it('refuses what cannot be a number', () => {
    for (const act of [
      () => certificateNumber(2026, 'ABC'),
      () => certificateNumber(2026, 'abcdef'),
      () => certificateNumber(2026, 'ABCDEU'),
      () => certificateNumber(20260, 'ABCDEF'),
      () => certificatePayload(new Uint8Array(5)),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: 'certificate-number-invalid' }));
    }
  });
});
