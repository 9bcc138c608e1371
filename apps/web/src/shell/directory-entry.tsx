import { useCallback } from 'react';
import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { type Locale, useI18n } from '#web/i18n';
import { Checkbox, Select } from '#web/ui/form';
import { toast } from '#web/ui/toast';
import { languageOptions } from './pickers';

type Entry = NonNullable<Schema<'OrganisationRow'>['directoryEntry']>;

/** Whether others find an organisation by its name, and the language of the mail it gets: the fields of a form for its owners. */
export function DirectoryFields({ entry }: { entry: Entry }) {
  const { t } = useI18n();
  return (
    <>
      <div>
        <Checkbox label={t('common.found.listed')} name="listed" defaultChecked={entry.listed} />
        <p className="max-w-prose text-sm text-soft">{t('common.found.hint')}</p>
      </div>
      <Select
        label={t('common.found.language')}
        hint={t('common.found.languageHint')}
        name="language"
        defaultValue={entry.language}
        options={languageOptions()}
      />
    </>
  );
}

/** Saves what such a form says. */
export function useDirectoryEntry(): (id: string, data: FormData) => Promise<void> {
  const { t } = useI18n();
  const { mutateAsync } = useWrite('put', '/api/v1/organisations/{id}/directory-entry');
  return useCallback(
    async (id, data) => {
      const body = { listed: data.has('listed'), language: data.get('language') as Locale };
      await mutateAsync({ params: { path: { id } }, body });
      toast(t('common.found.saved'));
    },
    [t, mutateAsync],
  );
}
