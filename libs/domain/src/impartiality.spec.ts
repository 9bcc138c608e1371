import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  bars,
  ENGAGEMENT_ROLES,
  exceptionFor,
  IMPARTIALITY_RULE_CODES,
  IMPARTIALITY_RULES,
  impartialityOf,
  impartialityRuleProblems,
  type ImpartialityCase,
  type ImpartialityException,
  type ImpartialityRule,
  type ImpartialityRules,
  type RegisteredEngagement,
} from './impartiality.js';
import { addDays, addMonths } from './local-date.js';

const read = (file: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'checklists', file), 'utf8');
const rules = parse(read('rules/impartiality.yaml')) as ImpartialityRules;

const base: ImpartialityCase = {
  supplierId: 'supplier',
  buyerIds: ['buyer'],
  assessedOn: '2026-06-30',
  on: '2026-06-30',
  assessors: [{ personId: 'amir', ofSupplier: false }],
  organisation: { id: 'provider', kind: 'assessment-provider' },
  reviewer: { personId: 'rosa', ofSupplier: false },
  proposerId: 'pia',
  decider: { personId: 'dana', ofSupplier: false },
};
const by = (personId: string, ofSupplier = false) => ({ personId, ofSupplier });
const coaching = (
  personId: string | null,
  from: string,
  until: string | null,
  organisationId: string | null = null,
): RegisteredEngagement => ({ id: 'e1', personId, organisationId, role: 'coach', from, until });
const codes = (
  change: Partial<ImpartialityCase>,
  register: readonly RegisteredEngagement[] = [],
  changed: Partial<ImpartialityRules> = {},
) => impartialityOf({ ...rules, ...changed }, register, { ...base, ...change });

describe('the rules that ship', () => {
  it('follow their schema and say something of every rule', () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      JSON.parse(read('schemas/impartiality-rules.schema.json')) as object,
    );
    expect(validate(rules)).toBe(true);
    expect(Object.keys(rules.rules)).toEqual(IMPARTIALITY_RULE_CODES);
    expect(new Set(Object.values(rules.rules))).toEqual(new Set(['block']));
    expect(rules.lookBackMonths).toBe(24);
    expect(impartialityRuleProblems(rules)).toEqual([]);
    const types = ['A', 'B', 'C', 'D'].map((type) =>
      validate({ ...rules, organisationTypes: { byKind: { buyer: type }, organisations: [] } }),
    );
    expect(types).toEqual([true, true, true, false]);
  });
});

describe('who does what', () => {
  it.each<[string, Partial<ImpartialityCase>, readonly RegisteredEngagement[], ImpartialityRule[]]>([
    ['five people apart', {}, [], []],
    ['nobody reviewed or decided yet', { reviewer: null, decider: null, proposerId: null }, [], []],
    ['assessor reviews', { reviewer: by('amir') }, [], ['reviewer-is-assessor']],
    ['who gave some verdicts reviews', { assessors: [by('amir'), by('rosa')] }, [], ['reviewer-is-assessor']],
    ['assessor decides', { decider: by('amir') }, [], ['decider-is-assessor']],
    ['reviewer decides', { decider: by('rosa') }, [], ['decider-is-reviewer']],
    ['who proposed decides', { decider: by('pia') }, [], ['decider-is-proposer']],
    [
      'who proposed and reviewed decides: said once',
      { proposerId: 'rosa', decider: by('rosa') },
      [],
      ['decider-is-reviewer'],
    ],
    [
      'the supplier’s own people',
      { assessors: [by('amir', true)], reviewer: by('rosa', true), decider: by('dana', true) },
      [],
      ['assessor-is-supplier', 'reviewer-is-supplier', 'decider-is-supplier'],
    ],
    [
      'coaches of the site',
      {},
      ['amir', 'rosa', 'dana', 'somebody else'].map((person) => coaching(person, '2026-01-01', null)),
      ['assessor-is-coach', 'reviewer-is-coach', 'decider-is-coach'],
    ],
    [
      'ended 24 months ago less a day',
      {},
      [coaching('amir', '2024-01-01', '2024-07-01')],
      ['assessor-is-coach'],
    ],
    ['ended 24 full months ago', {}, [coaching('amir', '2024-01-01', '2024-06-30')], []],
    ['begins after the decision', {}, [coaching('amir', '2026-07-01', null)], []],
    [
      'coached between assessment and decision',
      { assessedOn: '2026-05-01' },
      [coaching('amir', '2026-05-10', '2026-05-11')],
      ['assessor-is-coach'],
    ],
    [
      'look-back of the assessor counts from the assessment, of the others from the act',
      { assessedOn: '2026-01-15' },
      ['amir', 'rosa', 'dana'].map((person) => coaching(person, '2024-01-01', '2024-02-01')),
      ['assessor-is-coach'],
    ],
    [
      'a visit to come: look-back counts from its day',
      { assessedOn: '2026-08-01', on: '2026-08-01', reviewer: null, decider: null },
      [coaching('amir', '2024-01-01', '2024-07-15')],
      [],
    ],
  ])('%s', (_what, change, register, expected) =>
    expect(codes(change, register).breaches.map(({ rule }) => rule)).toEqual(expected),
  );

  it('takes the look-back from the rules', () => {
    const register = [coaching('amir', '2024-01-01', '2024-06-30')];
    expect(codes({}, register, { lookBackMonths: 36 }).breaches).toHaveLength(1);
    expect(codes({}, register, { lookBackMonths: 0 }).breaches).toEqual([]);
    for (const lookBackMonths of [-1, 1.5, 1201])
      expect(() => codes({}, [], { lookBackMonths })).toThrow(
        expect.objectContaining({ code: 'look-back-out-of-range' }),
      );
  });

  it('says facts, source and setting', () => {
    const engagement = coaching('amir', '2026-01-01', '2026-02-28');
    const settings = { ...rules.rules, 'assessor-is-coach': 'allow-with-reason' } as const;
    expect(codes({}, [engagement], { rules: settings })).toEqual({
      breaches: [
        {
          rule: 'assessor-is-coach',
          duty: 'assessor',
          personId: 'amir',
          engagement,
          organisation: null,
          clearsOn: '2028-02-28',
          setting: 'allow-with-reason',
          source: IMPARTIALITY_RULES['assessor-is-coach'].source,
        },
      ],
      disclosures: [],
    });
  });
});

describe('types of organisations', () => {
  const org = (id: string, kind: string) => ({ organisation: { id, kind } });
  const typed = (type: 'A' | 'B' | 'C', serves?: string[]): Partial<ImpartialityRules> => ({
    organisationTypes: {
      byKind: {},
      organisations: [{ organisationId: 'provider', type, ...(serves && { serves }) }],
    },
  });
  const colleague = [coaching('carl', '2026-01-01', null, 'provider')];
  const itself = [coaching(null, '2026-01-01', null, 'provider')];
  type Row = [
    what: string,
    change: Partial<ImpartialityCase>,
    register: readonly RegisteredEngagement[],
    changed: Partial<ImpartialityRules>,
    breaches: ImpartialityRule[],
    disclosures: ImpartialityRule[],
  ];

  it.each<Row>([
    ['A assesses', {}, [], typed('A'), [], []],
    ['A, a colleague coached', {}, colleague, typed('A'), ['organisation-is-coach'], []],
    ['A, it coached by people not named', {}, itself, typed('A'), ['organisation-is-coach'], []],
    [
      'A, the assessor’s own coaching counts for the person only',
      {},
      [coaching('amir', '2026-01-01', null, 'provider')],
      typed('A'),
      ['assessor-is-coach'],
      [],
    ],
    [
      'A, another organisation coached',
      {},
      [coaching('carl', '2026-01-01', null, 'other')],
      typed('A'),
      [],
      [],
    ],
    ['A owns the site', { supplierId: 'provider' }, [], typed('A'), ['organisation-is-party'], []],
    ['A buys from the site', { buyerIds: ['provider'] }, [], typed('A'), ['organisation-is-party'], []],
    ['B at somebody’s site', {}, [], typed('B'), ['organisation-serves-others'], []],
    ['B at its own site', { supplierId: 'provider' }, [], typed('B'), [], []],
    ['B buys from the site', { buyerIds: ['provider'] }, [], typed('B'), [], []],
    ['B serves the buyer', {}, [], typed('B', ['buyer']), [], []],
    ['B serves another buyer', {}, [], typed('B', ['shop']), ['organisation-serves-others'], []],
    [
      'B, in-house assessor',
      { supplierId: 'provider', assessors: [by('amir', true)] },
      [],
      typed('B'),
      [],
      ['assessor-is-supplier'],
    ],
    ['C, a colleague coached', {}, colleague, typed('C'), [], ['organisation-is-coach']],
    ['C owns the site', { supplierId: 'provider' }, [], typed('C'), ['organisation-is-party'], []],
    ['C keeps records of a site that is nobody’s', { supplierId: null }, [], typed('C'), [], []],
    ['by kind: provider A', {}, colleague, {}, ['organisation-is-coach'], []],
    [
      'by kind: agency C',
      org('agency', 'development-agency'),
      [coaching('carl', '2026-01-01', null, 'agency')],
      {},
      [],
      ['organisation-is-coach'],
    ],
    ['unknown organisation', { organisation: null }, colleague, {}, [], []],
    [
      'of a kind the rules do not name',
      org('x', 'school'),
      [coaching('y', '2026-01-01', null, 'x')],
      {},
      [],
      ['organisation-is-coach'],
    ],
  ])('%s', (_what, change, register, changed, breaches, disclosures) => {
    const found = codes(change, register, changed);
    expect(found.breaches.map(({ rule }) => rule)).toEqual(breaches);
    expect(found.disclosures.map(({ rule }) => rule)).toEqual(disclosures);
  });

  it('rules are refused that name an organisation twice, let A serve somebody, or decide before they acknowledge', () => {
    const problems = impartialityRuleProblems({
      ...rules,
      organisationTypes: {
        byKind: {},
        organisations: [
          { organisationId: 'x', type: 'A', serves: ['y'] },
          { organisationId: 'x', type: 'B', serves: ['y'] },
        ],
      },
      complaints: { acknowledgeDays: 10, decideDays: 9 },
    });
    expect(problems.map(({ field }) => field)).toEqual([
      '/organisationTypes/organisations/0/serves',
      '/organisationTypes/organisations/1',
      '/complaints/decideDays',
    ]);
  });
});

describe('exceptions', () => {
  const breach = { rule: 'assessor-is-coach', personId: 'amir' } as const;
  const held = { id: 'a1', assessedOn: '2026-06-30' };
  const exception: ImpartialityException = {
    ...breach,
    assessmentId: null,
    validFrom: '2026-06-30',
    validUntil: '2026-06-30',
  };
  it.each<[string, Partial<ImpartialityException>, boolean]>([
    ['of the day', {}, true],
    ['of the assessment', { assessmentId: 'a1', validFrom: null, validUntil: null }, true],
    ['of another assessment', { assessmentId: 'a2', validFrom: null, validUntil: null }, false],
    ['ended the day before', { validFrom: '2026-01-01', validUntil: '2026-06-29' }, false],
    ['begins the day after', { validFrom: '2026-07-01', validUntil: '2026-12-31' }, false],
    ['of somebody else', { personId: 'rosa' }, false],
    ['of another rule', { rule: 'reviewer-is-coach' }, false],
  ])('%s', (_what, change, covers) =>
    expect(exceptionFor(breach, held, [{ ...exception, ...change }]) !== undefined).toBe(covers),
  );
});

describe('whatever the case', () => {
  const day = fc.integer({ min: 0, max: 2000 }).map((days) => addDays('2022-01-01', days));
  const person = fc.constantFrom('amir', 'rosa', 'dana', 'carl');
  const party = fc.constantFrom('supplier', 'buyer', 'provider', 'agency');
  const holder = fc.record({ personId: person, ofSupplier: fc.boolean() });
  const engagement = fc
    .record({
      personId: fc.option(person),
      organisationId: party,
      from: day,
      days: fc.option(fc.integer({ min: 0, max: 900 })),
      role: fc.constantFrom(...ENGAGEMENT_ROLES),
    })
    .map(({ days, from, ...rest }) => ({
      id: 'e',
      ...rest,
      from,
      until: days === null ? null : addDays(from, days),
    }));
  const anyCase = fc.record({
    supplierId: party,
    buyerIds: fc.array(party, { maxLength: 2 }),
    assessedOn: day,
    on: day,
    assessors: fc.uniqueArray(holder, { minLength: 1, maxLength: 2, selector: ({ personId }) => personId }),
    organisation: fc.option(
      fc.record({ id: party, kind: fc.constantFrom('assessment-provider', 'development-agency', 'buyer') }),
    ),
    reviewer: fc.option(holder),
    proposerId: fc.option(person),
    decider: fc.option(holder),
  });
  const months = fc.integer({ min: 0, max: 60 });

  it('a longer look-back finds no less', () => {
    fc.assert(
      fc.property(anyCase, fc.array(engagement, { maxLength: 5 }), months, months, (the, register, a, b) => {
        const of = (lookBackMonths: number) => {
          const { breaches, disclosures } = impartialityOf({ ...rules, lookBackMonths }, register, the);
          return [...breaches, ...disclosures].length;
        };
        expect(of(Math.max(a, b))).toBeGreaterThanOrEqual(of(Math.min(a, b)));
      }),
    );
  });

  it('says the same in whatever order the register is, and nothing of people without a part', () => {
    fc.assert(
      fc.property(anyCase, fc.array(engagement, { maxLength: 5 }), (the, register) => {
        const found = impartialityOf(rules, register, the);
        const count = ({ breaches, disclosures }: typeof found) =>
          [...breaches, ...disclosures].map(({ rule, personId }) => `${rule} ${personId}`).sort();
        expect(count(impartialityOf(rules, [...register].reverse(), the))).toEqual(count(found));
        const involved = [...the.assessors, the.reviewer, the.decider].flatMap(
          (each) => each?.personId ?? [],
        );
        for (const fact of [...found.breaches, ...found.disclosures]) {
          expect(involved).toContain(fact.personId);
          expect(fact.duty).toBe(IMPARTIALITY_RULES[fact.rule].duty);
        }
      }),
    );
  });

  it('from the day it clears, an engagement bars no more; the day before, it does', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 0, max: 900 }), months, (from, days, lookBack) => {
        const until = addDays(from, days);
        const clear = addMonths(until, lookBack);
        expect(bars({ from, until }, lookBack, clear)).toBe(false);
        if (clear > from) expect(bars({ from, until }, lookBack, addDays(clear, -1))).toBe(true);
      }),
    );
  });

  it('strangers to one another and to the site breach nothing', () => {
    fc.assert(
      fc.property(fc.array(engagement, { maxLength: 5 }), day, (register, on) => {
        const others = register.filter(({ organisationId }) => organisationId !== 'provider');
        const the = {
          ...base,
          on,
          assessedOn: on,
          assessors: [by('a')],
          reviewer: by('b'),
          proposerId: 'c',
          decider: by('d'),
        };
        expect(impartialityOf(rules, others, the)).toEqual({ breaches: [], disclosures: [] });
      }),
    );
  });
});
