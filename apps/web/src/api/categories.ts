import { serverLocale } from '#web/i18n';
import { useRead } from './hooks';

/** Names of product categories; one that has none is shown as it was entered. */
export function useCategories(): (code: string) => string {
  const names = useRead('/api/v1/categories', { params: { query: { lang: serverLocale() } } });
  return (code) => names.data?.find((each) => each.code === code)?.name ?? code;
}
