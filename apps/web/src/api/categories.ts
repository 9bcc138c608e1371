import { useCallback } from 'react';
import { serverLocale } from '#web/i18n';
import { useRead } from './hooks';

/** Names of product categories, and the question for them; one that has none is shown as it was entered. */
export function useCategories() {
  const names = useRead('/api/v1/categories', { params: { query: { lang: serverLocale() } } });
  const nameOf = useCallback(
    (code: string): string => names.data?.find((each) => each.code === code)?.name ?? code,
    [names.data],
  );
  return { nameOf, names };
}
