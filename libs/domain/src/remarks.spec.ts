import { describe, expect, it } from '@jest/globals';
import type { ChecklistVersion } from './checklist.js';
import { DomainError } from './domain-error.js';
import { checkRemarks, type RemarkInput } from './remarks.js';
import type { AssessmentAction } from './states.js';

const checklist = {
  checklist: 'list',
  version: '1',
  levels: [{ code: 'basic' }, { code: 'intermediate', includes: ['basic'] }],
  requirements: [
    { code: 'B-1', level: 'basic' },
    { code: 'I-1', level: 'intermediate' },
  ],
} as unknown as ChecklistVersion;

const told = (
  remarks: readonly RemarkInput[],
  action: AssessmentAction = 'return',
): [string, string[]] | null => {
  try {
    checkRemarks(checklist, 'basic', action, remarks);
    return null;
  } catch (error) {
    const { code, fields } = error as DomainError;
    return [code, fields.map(({ field }) => field)];
  }
};

describe('remarks on single items', () => {
  it('go with what sends an assessment back, about items that it asks', () => {
    expect(told([{ requirement: 'B-1', text: 'Which cold store?' }])).toBeNull();
    expect(told([{ requirement: 'B-1', text: 'Which cold store?' }], 'reopen')).toBeNull();
    expect(told([], 'close')).toBeNull();
  });
  it('are refused with everything that does not fit', () => {
    expect(told([{ requirement: 'B-1', text: 'Why?' }], 'close')).toEqual([
      'remarks-out-of-place',
      ['/remarks'],
    ]);
    // Of another level, which is not assessed here.
    expect(told([{ requirement: 'I-1', text: 'Why?' }])).toEqual([
      'unknown-requirement',
      ['/remarks/0/requirement'],
    ]);
    expect(
      told([
        { requirement: 'B-1', text: 'Why?' },
        { requirement: 'B-1', text: ' \u200b' },
      ]),
    ).toEqual(['duplicate-remark', ['/remarks/1/requirement', '/remarks/1/text']]);
  });
});
