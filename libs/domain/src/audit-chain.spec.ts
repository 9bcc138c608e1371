import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { type AuditEntry, type AuditFault, ChainVerifier, type Checkpoint, linkText } from './audit-chain.js';

const hash = (prev: string, text: string): string =>
  createHash('sha256').update(prev, 'hex').update(text).digest('hex');
const ORGANISATION = 'aaaaaaaa-0000-4000-8000-000000000001';

/** A chain of entries with these bodies, after a place. */
function chain(bodies: readonly object[], base = { seq: 0, hash: '' }): AuditEntry[] {
  let last = base;
  return bodies.map((each) => {
    const body = JSON.stringify(each);
    const seq = last.seq + 1;
    const entry = {
      organisation: ORGANISATION,
      seq,
      prev: last.hash,
      hash: hash(last.hash, linkText(ORGANISATION, seq, body)),
      body,
    };
    last = entry;
    return entry;
  });
}
const numbered = (n: number): object[] => Array.from({ length: n }, (_, index) => ({ v: 1, n: index }));
const place = ({ seq, hash: at }: AuditEntry) => ({ seq: seq!, hash: at });

function faultsOf(
  entries: readonly AuditEntry[],
  {
    head,
    base = { seq: 0, hash: '' },
    checkpoints = [],
  }: {
    head?: { seq: number; hash: string };
    base?: { seq: number; hash: string };
    checkpoints?: Checkpoint[];
  } = {},
): [AuditFault['fault'], number][] {
  const faults: AuditFault[] = [];
  const verifier = new ChainVerifier(
    ORGANISATION,
    hash,
    (fault) => faults.push(fault),
    head && { head, base },
    checkpoints,
  );
  for (const entry of entries) verifier.add(entry);
  verifier.end();
  return faults.map(({ fault, seq }) => [fault, seq]);
}
const checkpoint = (entry: AuditEntry): Checkpoint => ({
  organisation: ORGANISATION,
  ...place(entry),
  at: '2026-01-01T00:00:00Z',
});

describe('the chain of an audit trail', () => {
  const whole = chain(numbered(6));
  const head = place(whole.at(-1)!);

  it('is unbroken as it was written', () => {
    expect(faultsOf(whole, { head, checkpoints: [checkpoint(whole[2]!), checkpoint(whole[5]!)] })).toEqual(
      [],
    );
    expect(faultsOf(whole)).toEqual([]);
    expect(faultsOf([], { head: { seq: 0, hash: '' } })).toEqual([]);
  });

  it.each<[string, (entries: AuditEntry[]) => AuditEntry[], [AuditFault['fault'], number][]]>([
    ['a changed body', (all) => all.with(2, { ...all[2]!, body: '{"v":1,"n":99}' }), [['altered', 3]]],
    [
      'a body that is not JSON',
      (all) => all.with(2, { ...all[2]!, body: '{' }),
      [
        ['altered', 3],
        ['altered', 3],
      ],
    ],
    ['one taken out', (all) => all.toSpliced(2, 1), [['removed', 3]]],
    ['two taken out', (all) => all.toSpliced(1, 2), [['removed', 2]]],
    ['the first taken out', (all) => all.slice(1), [['removed', 1]]],
    [
      'two lines swapped',
      (all) => all.with(2, all[3]!).with(3, all[2]!),
      [
        ['removed', 3],
        ['reordered', 3],
      ],
    ],
    [
      'two entries that changed places',
      (all) => all.with(2, { ...all[3]!, seq: 3 }).with(3, { ...all[2]!, seq: 4 }),
      [
        ['reordered', 3],
        ['reordered', 4],
        ['rewritten', 5],
      ],
    ],
    ['one without a place', (all) => [...all, { ...all[0]!, seq: null }], [['inserted', 7]]],
    ['one twice', (all) => [...all.slice(0, 3), all[2]!, ...all.slice(3)], [['reordered', 3]]],
    ['the end cut off', (all) => all.slice(0, 4), [['truncated', 5]]],
    ['all taken away', () => [], [['truncated', 1]]],
    [
      'one replaced and hashed anew',
      (all) => all.with(2, chain([{ n: 'new' }], place(all[1]!))[0]!),
      [['rewritten', 4]],
    ],
    ['one more than the head knows', (all) => [...all, ...chain([{}], place(all[5]!))], [['inserted', 7]]],
  ])('shows %s', (_what, change, expected) => {
    expect(faultsOf(change(whole), { head })).toEqual(expected);
  });

  it('shows that it was made anew from an entry on, to whoever has a checkpoint', () => {
    const anew = [...whole.slice(0, 3), ...chain([{ n: 'x' }, { n: 'y' }, { n: 'z' }], place(whole[2]!))];
    expect(faultsOf(anew, { head: place(anew.at(-1)!) })).toEqual([]);
    expect(faultsOf(anew, { head: place(anew.at(-1)!), checkpoints: [checkpoint(whole[4]!)] })).toEqual([
      ['rewritten', 5],
    ]);
    expect(faultsOf(anew.slice(0, 4), { checkpoints: [checkpoint(whole[4]!)] })).toEqual([['truncated', 5]]);
  });

  it('begins where the retention cut it, and says so itself', () => {
    const forget = {
      subject: 'audit_entry',
      action: 'forget',
      rows: [{ through: 2, ...{ hash: whole[1]!.hash } }],
    };
    const cut = chain([...numbered(2), forget], place(whole[1]!));
    const [base, end] = [place(whole[1]!), place(cut.at(-1)!)];
    expect(faultsOf(cut, { base, head: end })).toEqual([]);
    expect(faultsOf(cut)).toEqual([]);
    expect(faultsOf(cut.slice(0, 2), { base, head: place(cut[1]!) })).toEqual([['beginning-removed', 3]]);
    expect(faultsOf(cut.slice(0, 2))).toEqual([['beginning-removed', 3]]);
    expect(faultsOf(cut.slice(0, 2), { checkpoints: [checkpoint(whole[1]!)] })).toEqual([]);
  });

  it('shows columns that say something else than the body', () => {
    const body = { at: '2026-01-01T00:00:00.000000Z', actor: 'p', subject: 'site', action: 'update' };
    const [entry] = chain([body]);
    expect(faultsOf([{ ...entry!, columns: body }])).toEqual([]);
    expect(faultsOf([{ ...entry!, columns: { ...body, actor: 'q' } }])).toEqual([['columns-differ', 1]]);
  });

  it('shows any single change, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom('body', 'prev', 'hash', 'seq'),
        fc.string({ minLength: 1 }),
        (index, field, text) => {
          const entry = whole[index]!;
          const changed =
            field === 'seq'
              ? { ...entry, seq: entry.seq! + 1 + text.length }
              : { ...entry, [field]: `${text}${entry[field as 'body']}` };
          expect(faultsOf(whole.with(index, changed), { head })).not.toEqual([]);
        },
      ),
    );
  });
});
