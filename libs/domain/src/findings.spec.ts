import type { ChecklistVersion } from './checklist.js';
import { findingsOf, isOverdue, prioritise } from './findings.js';
import type { ScoringProfile } from './profile.js';
import { score } from './scoring.js';

const checklist: ChecklistVersion = {
  format: 'uplift.checklist/1',
  checklist: 'test',
  version: '1',
  title: 'Test',
  language: 'en',
  levels: [{ code: 'basic', title: 'Basic' }],
  sections: [{ code: 'A', title: 'A' }],
  requirements: [
    { code: 'minor', section: 'A', level: 'basic', question: '?', criticality: 'minor', weight: 5 },
    { code: 'major', section: 'A', level: 'basic', question: '?', criticality: 'major', weight: 1 },
    { code: 'heavy', section: 'A', level: 'basic', question: '?', criticality: 'major', weight: 3 },
    { code: 'critical', section: 'A', level: 'basic', question: '?', criticality: 'critical' },
    { code: 'partly', section: 'A', level: 'basic', question: '?', criticality: 'critical', weight: 10 },
    { code: 'good', section: 'A', level: 'basic', question: '?', criticality: 'minor' },
    { code: 'plain', section: 'A', level: 'basic', question: '?', criticality: 'minor' },
    { code: 'na', section: 'A', level: 'basic', question: '?', criticality: 'critical' },
  ],
};
const profile: ScoringProfile = {
  format: 'uplift.scoring-profile/1',
  profile: 'test',
  version: '1',
  title: 'Test',
  provenance: { source: 'test', status: 'programme-default' },
  answers: [
    { code: 'yes', title: 'Yes', conformity: 'conforming' },
    { code: 'praise', title: 'Good practice', conformity: 'conforming', grade: 'good-practice' },
    { code: 'partly', title: 'Partly', conformity: 'partly' },
    { code: 'no', title: 'No', conformity: 'nonconforming' },
    { code: 'na', title: 'N/A', conformity: 'not-applicable' },
  ],
  aggregation: { kind: 'weighted-percent' },
  closure: { deadlineDays: { critical: 1, major: 14, minor: 30 } },
};
const responses = [
  { requirement: 'minor', answer: 'no', note: 'No lid on the bin.' },
  { requirement: 'major', answer: 'no' },
  { requirement: 'heavy', answer: 'no', note: '  ' },
  { requirement: 'critical', answer: 'no', closedOn: '2026-02-20' },
  { requirement: 'partly', answer: 'partly' },
  { requirement: 'good', answer: 'praise' },
  { requirement: 'plain', answer: 'yes' },
  { requirement: 'na', answer: 'na', naReason: 'No glass here' },
];

describe('findings', () => {
  const findings = findingsOf(
    checklist,
    score(checklist, 'basic', profile, responses),
    profile,
    '2026-02-20',
    responses,
  );

  it('come in the order of acting on them', () => {
    expect(findings.map((f) => f.requirement)).toEqual([
      'heavy',
      'major',
      'partly',
      'minor',
      'good',
      'critical',
    ]);
    expect(prioritise([...findings].reverse())).toEqual(findings);
  });

  it('carry deadline, effect, note and closure', () => {
    expect(findings[3]).toEqual({
      requirement: 'minor',
      section: 'A',
      grade: 'minor',
      criticality: 'minor',
      conformity: 'nonconforming',
      dueOn: '2026-03-22',
      closedOn: null,
      closed: false,
      effect: expect.closeTo(22.727273, 6),
      note: 'No lid on the bin.',
    });
    expect(findings[0]).toMatchObject({ dueOn: '2026-03-06', note: null });
    expect(findings[2]).toMatchObject({ grade: 'minor', criticality: 'critical', conformity: 'partly' });
    expect(findings[4]).toMatchObject({ grade: 'good-practice', dueOn: null, effect: 0 });
    expect(findings[5]).toMatchObject({ closed: true, closedOn: '2026-02-20', dueOn: '2026-02-21' });
  });

  it('are overdue after their last day, unless closed', () => {
    expect(isOverdue(findings[0]!, '2026-03-06')).toBe(false);
    expect(isOverdue(findings[0]!, '2026-03-07')).toBe(true);
    expect(isOverdue(findings[4]!, '2030-01-01')).toBe(false);
    expect(isOverdue(findings[5]!, '2030-01-01')).toBe(false);
  });

  it('say nothing they were not told', () => {
    const bare = findingsOf(
      checklist,
      score(checklist, 'basic', profile, responses),
      { ...profile, closure: undefined },
      '2026-02-20',
    );
    expect(bare.every((f) => f.note === null && f.dueOn === null && f.closedOn === null)).toBe(true);
  });
});
