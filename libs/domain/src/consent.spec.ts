import { describe, expect, it } from '@jest/globals';
import {
  checkGrant,
  grantMachine,
  grantStateOn,
  impliedScopes,
  scoreLayers,
  visibleGain,
  visibleReadiness,
  visibleScore,
  widened,
  type GrantAction,
  type GrantState,
  type GrantTerms,
  type Scope,
  type Seen,
} from './consent.js';
import type { GainResult } from './gains.js';
import type { Readiness } from './readiness.js';
import type { Score } from './score.js';
import { transition } from './states.js';

describe('scopes', () => {
  it.each<[Scope[], Scope[]]>([
    [['certificate'], ['certificate']],
    [['score'], ['score']],
    [['section-scores'], ['score', 'section-scores']],
    [['answers'], ['score', 'section-scores', 'answers']],
    [['evidence'], ['score', 'section-scores', 'answers', 'evidence']],
    [['corrective-actions'], ['corrective-actions']],
    [
      ['corrective-actions', 'answers', 'answers'],
      ['score', 'section-scores', 'answers', 'corrective-actions'],
    ],
    [[], []],
  ])('%j mean %j', (scopes, all) => expect(impliedScopes(scopes)).toEqual(all));
});

describe('a change of a grant', () => {
  const before = { siteIds: ['a', 'b'], scopes: ['answers'] as Scope[], until: '2026-06-30' };
  it.each<[string, Partial<typeof before>, ReturnType<typeof widened>]>([
    ['the same', {}, null],
    ['fewer sites, a sooner end', { siteIds: ['b'], until: '2026-05-01' }, null],
    ['what answers bring along anyway', { scopes: ['answers', 'score', 'section-scores'] }, null],
    ['less', { scopes: ['score'] }, null],
    ['another site', { siteIds: ['b', 'c'] }, { siteIds: ['c'], scopes: [], until: null }],
    [
      'something else instead',
      { scopes: ['certificate'] },
      { siteIds: [], scopes: ['certificate'], until: null },
    ],
    ['evidence on top', { scopes: ['evidence'] }, { siteIds: [], scopes: ['evidence'], until: null }],
    ['a day more', { until: '2026-07-01' }, { siteIds: [], scopes: [], until: '2026-07-01' }],
  ])('%s', (_, change, more) => expect(widened(before, { ...before, ...change })).toEqual(more));
});

describe('life of a grant', () => {
  it.each<[GrantState, GrantAction, GrantState | null]>([
    ['active', 'change', 'active'],
    ['active', 'revoke', 'revoked'],
    ['active', 'expire', 'expired'],
    ['revoked', 'change', null],
    ['revoked', 'revoke', null],
    ['revoked', 'expire', null],
    ['expired', 'change', null],
    ['expired', 'revoke', null],
    ['expired', 'expire', null],
  ])('%s: %s leads to %s', (from, action, to) => {
    if (to) expect(transition(grantMachine, from, action)).toBe(to);
    else
      expect(() => transition(grantMachine, from, action)).toThrow(
        expect.objectContaining({ code: 'transition-not-allowed' }),
      );
  });
  it.each<[GrantState, string, GrantState]>([
    ['active', '2026-03-01', 'active'],
    ['active', '2026-02-28', 'expired'],
    ['revoked', '2026-02-28', 'revoked'],
  ])('%s until %s is %s on 1 March', (state, until, then) =>
    expect(grantStateOn({ state, until }, '2026-03-01')).toBe(then),
  );
});

describe('what cannot be granted', () => {
  const good: GrantTerms = { siteIds: ['a'], scopes: ['score'], purpose: 'Supply', until: '2026-12-31' };
  const problems = (change: object): string[] => {
    try {
      checkGrant({ ...good, ...change } as never, '2026-03-01');
      return [];
    } catch (error) {
      return (error as { fields: { field: string }[] }).fields.map(({ field }) => field);
    }
  };
  it.each<[string, object, string[]]>([
    ['nothing wrong', {}, []],
    ['today as the last day', { until: '2026-03-01' }, []],
    ['two years', { until: '2028-03-01' }, []],
    ['a day over two years', { until: '2028-03-02' }, ['/until']],
    ['yesterday', { until: '2026-02-28' }, ['/until']],
    ['no scope', { scopes: [] }, ['/scopes']],
    ['a scope nobody knows', { scopes: ['record'] }, ['/scopes']],
    ['no site', { siteIds: [] }, ['/siteIds']],
    ['a site twice', { siteIds: ['a', 'a'] }, ['/siteIds']],
    ['no purpose', { purpose: ' ' }, ['/purpose']],
    ['itself', { supplierId: 'x', recipient: { organisationId: 'x' } }, ['/granteeId']],
    [
      'everything at once',
      { scopes: [], siteIds: [], purpose: '', until: '2020-01-01' },
      ['/scopes', '/siteIds', '/purpose', '/until'],
    ],
  ])('%s', (_, change, fields) => expect(problems(change)).toEqual(fields));
});

describe('a value is cut to what its reader may see', () => {
  const score = {
    status: 'scored',
    points: 80,
    counts: {},
    sections: [{ section: 'A' }],
    classes: [],
    penalties: [],
    gates: [{ reason: 'points-below', requirements: ['A-1'], sections: ['A'] }],
    items: [{ requirement: 'A-1' }],
  } as unknown as Score;
  it.each<[Seen[], string[] | null]>([
    [[], null],
    [['certificate', 'corrective-actions'], null],
    [['score'], ['counts', 'points', 'status']],
    [
      ['score', 'section-scores'],
      ['classes', 'counts', 'gates', 'penalties', 'points', 'sections', 'status'],
    ],
    [['score', 'section-scores', 'answers'], Object.keys(score).sort()],
    [['record'], Object.keys(score).sort()],
  ])('a score for %j', (seen, keys) => {
    const shown = visibleScore(score, seen);
    expect(shown && Object.keys(shown).sort()).toEqual(keys);
    if (shown && !seen.includes('answers') && !seen.includes('record'))
      expect(JSON.stringify(shown)).not.toContain('A-1');
  });
  it('the layers of a score are its totals, and its sections without items', () => {
    const { totals, sections } = scoreLayers(score);
    expect({ ...totals, ...sections }).toEqual(visibleScore(score, ['score', 'section-scores']));
    expect(totals).toEqual(visibleScore(score, ['score']));
  });
  it('a gain: with section scores without its items, with less not at all', () => {
    const gain = {
      comparable: true,
      changePoints: 5,
      items: [1],
      leftOut: {},
      sections: [],
    } as unknown as GainResult;
    expect(visibleGain(gain, ['score'])).toBeNull();
    expect(visibleGain(gain, ['score', 'section-scores'])).toEqual({
      comparable: true,
      changePoints: 5,
      sections: [],
    });
    expect(visibleGain(gain, ['record'])).toBe(gain);
  });
  it('readiness: how many are missing, not which', () => {
    const readiness = {
      status: 'not-ready',
      missing: 1,
      conditions: [{ code: 'mandatory-items', requirements: ['A-1'] }],
      cheapestPath: { items: [{ requirement: 'A-1' }] },
    } as unknown as Readiness;
    const shown = visibleReadiness(readiness, ['score']);
    expect(shown.missing).toBe(1);
    expect(JSON.stringify(shown)).not.toContain('A-1');
    expect(visibleReadiness(readiness, ['record'])).toBe(readiness);
  });
});
