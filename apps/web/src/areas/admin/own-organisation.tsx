import { type ReactNode, useState } from 'react';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Select } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';
import { useMine } from './mine';

/** What owners of an organisation see of it; who owns several chooses one first. */
export function OwnOrganisation({ children }: { children: (organisation: string) => ReactNode }) {
  const { t } = useI18n();
  const { owned } = useMine();
  const [chosen, setChosen] = useState(owned[0]);
  if (!chosen) return <EmptyState title={t('admin.ownersOnly')}>{t('admin.ownersOnlyFix')}</EmptyState>;
  return (
    <>
      {owned.length > 1 && <Choice owned={owned} chosen={chosen} onChange={setChosen} />}
      {children(chosen)}
    </>
  );
}

function Choice({
  owned,
  chosen,
  onChange,
}: {
  owned: readonly string[];
  chosen: string;
  onChange: (id: string) => void;
}) {
  const { t } = useI18n();
  const { data } = useAll('/api/v1/organisations');
  return (
    <div className="mb-4 max-w-md">
      <Select
        label={t('admin.organisation')}
        value={chosen}
        onChange={onChange}
        options={owned.map((id) => ({
          value: id,
          label: data?.find((each) => each.id === id)?.name ?? '…',
        }))}
      />
    </div>
  );
}
