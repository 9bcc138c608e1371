/** A stretch of words that stayed, went or came. */
export interface Stretch {
  readonly kind: 'same' | 'gone' | 'new';
  readonly words: string;
}

/** What changed between two texts, word by word: the longest words in common stay. */
export function wordDiff(before: string, after: string): Stretch[] {
  const one = before.split(/\s+/).filter(Boolean);
  const other = after.split(/\s+/).filter(Boolean);
  // longest[i][j]: how many words the rests from i and from j have in common.
  const longest = Array.from({ length: one.length + 1 }, () => new Array<number>(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i -= 1)
    for (let j = other.length - 1; j >= 0; j -= 1)
      longest[i]![j] =
        one[i] === other[j]
          ? longest[i + 1]![j + 1]! + 1
          : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
  const stretches: Stretch[] = [];
  const add = (kind: Stretch['kind'], word: string) => {
    const last = stretches.at(-1);
    if (last?.kind === kind) stretches[stretches.length - 1] = { kind, words: `${last.words} ${word}` };
    else stretches.push({ kind, words: word });
  };
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      add('same', one[i]!);
      i += 1;
      j += 1;
    } else if (j >= other.length || (i < one.length && longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      add('gone', one[i]!);
      i += 1;
    } else {
      add('new', other[j]!);
      j += 1;
    }
  }
  return stretches;
}
