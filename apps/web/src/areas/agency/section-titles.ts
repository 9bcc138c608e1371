import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';

/** Titles of sections, of the newest edition of every checklist; all of them for a code that checklists use for different things. */
export function useSectionTitles(): (code: string) => string | null {
  const { locale } = useI18n();
  const { data: published } = useRead('/api/v1/checklists');
  const newest = useMemo(
    () => [...new Map((published ?? []).map((row) => [row.checklist, row])).values()],
    [published],
  );
  const found = useQueries({
    queries: newest.map(({ checklist, version }) => ({
      queryKey: ['section titles', checklist, version, locale],
      staleTime: Infinity,
      queryFn: async (): Promise<Record<string, string>> => {
        const { sections } = await call('get', '/api/v1/checklists/{checklist}/{version}', {
          params: { path: { checklist, version }, query: { lang: serverLocale() } },
        });
        return Object.fromEntries(sections.map(({ code, title }) => [code, title]));
      },
    })),
  });
  return (code) => {
    const titles = new Set(found.flatMap(({ data }) => (data?.[code] ? [data[code]] : [])));
    return titles.size > 0 ? [...titles].join(' / ') : null;
  };
}
