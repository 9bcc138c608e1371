import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { ButtonLink, Link, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { useMine } from './mine';

type Row = Schema<'ChecklistRow'>;
export const TRANSLATION: Readonly<Record<Schema<'TranslationStatus'>, StatusKind>> = {
  approved: 'conforming',
  reviewed: 'neutral',
  unofficial: 'minor',
};

/** A requirement's code: reads from the left everywhere, and stays in one piece where there is room. */
export const Code = ({ code }: { code: string }) => (
  <bdi dir="ltr" className="lg:whitespace-nowrap">
    {code}
  </bdi>
);

export const editionPath = ({ checklist, version }: Pick<Row, 'checklist' | 'version'>): string =>
  `/admin/checklists/${encodeURIComponent(checklist)}/${encodeURIComponent(version)}`;

/** `/admin/checklists`: published editions with their translations and how far those are. */
export default function ChecklistsPage() {
  const { t, number, moment, language, compare } = useI18n();
  const { agency } = useMine();
  const checklists = useRead('/api/v1/checklists');
  const columns = useMemo<readonly Column<Row>[]>(
    () => [
      {
        key: 'title',
        header: t('admin.checklists.title'),
        cell: ({ checklist, version, title, withdrawn }) => (
          <span className="flex flex-wrap items-center gap-2 max-sm:justify-end">
            <Link href={editionPath({ checklist, version })}>
              <Text>{`${title} ${version}`}</Text>
            </Link>
            {withdrawn && <Status kind="major">{t('admin.checklists.withdrawn')}</Status>}
          </span>
        ),
        sort: (one, other) => compare(`${one.title} ${one.version}`, `${other.title} ${other.version}`),
      },
      {
        key: 'n',
        header: t('admin.checklists.items'),
        numeric: true,
        cell: ({ requirements }) => number(requirements),
      },
      {
        key: 'published',
        header: t('admin.checklists.published'),
        cell: ({ publishedAt }) => moment(publishedAt),
      },
      {
        key: 'translations',
        header: t('admin.checklists.translations'),
        cell: ({ translations }) => (
          <span className="grid gap-1">
            {translations.length === 0 && '–'}
            {translations.map(({ language: code, status }) => (
              <span key={code} className="flex flex-wrap gap-1 max-sm:justify-end">
                {language(code)}
                <Status kind={TRANSLATION[status]}>{t(`admin.translation.${status}`)}</Status>
              </span>
            ))}
          </span>
        ),
      },
    ],
    [t, number, moment, language, compare],
  );
  return (
    <>
      <PageHeader
        title={t('admin.nav.checklists')}
        lead={t('admin.checklists.lead')}
        actions={
          agency && (
            <ButtonLink href="/admin/checklists/import" look="primary" icon="plus">
              {t('admin.import.title')}
            </ButtonLink>
          )
        }
      />
      <Loaded
        query={checklists}
        empty={<EmptyState title={t('admin.checklists.none')}>{t('admin.checklists.noneFix')}</EmptyState>}
      >
        {(rows) => (
          <Table
            caption={t('admin.nav.checklists')}
            columns={columns}
            rows={rows}
            rowKey={({ checklist, version }) => `${checklist} ${version}`}
            sortedBy="title"
          />
        )}
      </Loaded>
    </>
  );
}
