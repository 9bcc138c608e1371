import type { Schema } from '#web/api/client';

/** What stands at an item now, put beside a remark on it. */
export interface Answered {
  readonly answer?: string | null | undefined;
  readonly naReason?: string | null | undefined;
  readonly note?: string | null | undefined;
}

/** What has become of an item since the reviewer questioned it: another answer, other words beside the same one, or nothing. */
export function becameOf(
  remark: Pick<Schema<'Remark'>, 'answer' | 'naReason' | 'note'>,
  now: Answered | undefined,
): 'answer' | 'words' | 'same' {
  if (remark.answer !== (now?.answer ?? null)) return 'answer';
  return (remark.note ?? '') !== (now?.note ?? '') || (remark.naReason ?? '') !== (now?.naReason ?? '')
    ? 'words'
    : 'same';
}
