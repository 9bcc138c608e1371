import { useCallback } from 'react';
import { useI18n } from '#web/i18n';
import type { Option } from './form';

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Puts what has a name together for a select, in the order of the reader's language. */
export function useOptions(): (rows: readonly Named[]) => Option[] {
  const { compare } = useI18n();
  return useCallback(
    (rows) =>
      rows
        .map(({ id, name }) => ({ value: id, label: name }))
        .sort((one, other) => compare(one.label, other.label)),
    [compare],
  );
}
