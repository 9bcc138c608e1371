import fc from 'fast-check';
import {
  certificateNumber,
  certificatePayload,
  certificateStatus,
  checkCharacter,
  checkDecision,
  daysLeft,
  disclaimer,
  parseCertificateNumber,
  validUntil,
  type DecisionContext,
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

describe('four eyes', () => {
  const base: DecisionContext = {
    decider: 'dana',
    assessor: 'amir',
    reviewer: 'rosa',
    coaches: [],
    coachingEngagements: [],
    date: '2026-06-30',
  };
  const codes = (change: Partial<DecisionContext>) =>
    checkDecision({ ...base, ...change }).map((v) => v.code);

  it.each<[string, Partial<DecisionContext>, string[]]>([
    ['four people apart', {}, []],
    ['reviewer decides', { reviewer: 'dana' }, []],
    ['nobody reviewed', { reviewer: null }, []],
    ['assessor decides', { decider: 'amir' }, ['decider-is-assessor']],
    ['assessor reviews', { reviewer: 'amir' }, ['reviewer-is-assessor']],
    ['coach decides', { coaches: ['dana'] }, ['decider-is-coach']],
    ['coach reviews and decides: named once', { reviewer: 'dana', coaches: ['dana'] }, ['decider-is-coach']],
    ['coach assessed', { coaches: ['amir'] }, ['assessor-is-coach']],
    [
      'coaching goes on',
      { coachingEngagements: [{ person: 'amir', from: '2020-01-01', to: null }] },
      ['assessor-is-coach'],
    ],
    [
      'ended 24 months ago less a day',
      { coachingEngagements: [{ person: 'amir', from: '2024-01-01', to: '2024-07-01' }] },
      ['assessor-is-coach'],
    ],
    [
      'ended 24 full months ago',
      { coachingEngagements: [{ person: 'amir', from: '2024-01-01', to: '2024-06-30' }] },
      [],
    ],
    [
      'programme wants 36',
      { lookBackMonths: 36, coachingEngagements: [{ person: 'amir', from: '2024-01-01', to: '2024-06-30' }] },
      ['assessor-is-coach'],
    ],
    [
      'coaching begins after the decision',
      { coachingEngagements: [{ person: 'amir', from: '2026-07-01', to: null }] },
      [],
    ],
    [
      'coached between assessment and decision',
      {
        assessedOn: '2026-05-01',
        coachingEngagements: [{ person: 'amir', from: '2026-05-10', to: '2026-05-11' }],
      },
      ['assessor-is-coach'],
    ],
    [
      'look-back of the assessor counts from the assessment',
      {
        assessedOn: '2026-01-15',
        coachingEngagements: [{ person: 'amir', from: '2024-01-01', to: '2024-02-01' }],
      },
      ['assessor-is-coach'],
    ],
    [
      'somebody else coached',
      { coaches: ['carl'], coachingEngagements: [{ person: 'carl', from: '2026-01-01', to: null }] },
      [],
    ],
  ])('%s', (_name, change, expected) => expect(codes(change)).toEqual(expected));

  it('says when it clears', () => {
    const engagement = { person: 'amir', from: '2026-01-01', to: '2026-02-28' };
    expect(checkDecision({ ...base, coachingEngagements: [engagement] })).toEqual([
      { code: 'assessor-is-coach', person: 'amir', engagement, clearsOn: '2028-02-28' },
    ]);
  });

  it('refuses a senseless look-back', () => {
    expect(() => checkDecision({ ...base, lookBackMonths: -1 })).toThrow(
      expect.objectContaining({ code: 'look-back-out-of-range' }),
    );
  });
});

describe('disclaimer', () => {
  it('always carries the three statements and adds what applies', () => {
    expect(disclaimer()).toEqual(['unaccredited-assessment', 'not-gfsi', 'conditions-on-dates']);
    expect(disclaimer({ scoringProvenance: 'confirmed', violations: [], status: 'valid' })).toHaveLength(3);
    const violations = checkDecision({
      decider: 'a',
      assessor: 'a',
      reviewer: null,
      coaches: [],
      coachingEngagements: [],
      date: '2026-01-01',
    });
    expect(
      disclaimer({
        translated: true,
        violations,
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
