import type { ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { INSTALLATION } from '#domain/audit-subjects';
import { useAll } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Select } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';
import { useMine } from './mine';

/**
 * What owners of an organisation see of it; who owns several chooses one first, and the address says which. With `installation`
 * whoever looks after the installation may choose that, too: what belongs to nobody.
 */
export function OwnOrganisation({
  installation = false,
  children,
}: {
  installation?: boolean;
  children: (organisation: string) => ReactNode;
}) {
  const { t } = useI18n();
  const { owned } = useMine();
  const { administrator } = useMe();
  const [search, setSearch] = useSearchParams();
  const offered = [...owned, ...(installation && administrator ? [INSTALLATION] : [])];
  const chosen = offered.find((id) => id === search.get('organisation')) ?? offered[0];
  if (!chosen) return <EmptyState title={t('admin.ownersOnly')}>{t('admin.ownersOnlyFix')}</EmptyState>;
  return (
    <>
      {(offered.length > 1 || chosen === INSTALLATION) && (
        <Choice
          offered={offered}
          chosen={chosen}
          // What was looked for in one says nothing of another.
          onChange={(organisation) => setSearch({ organisation })}
        />
      )}
      {children(chosen)}
    </>
  );
}

function Choice({
  offered,
  chosen,
  onChange,
}: {
  offered: readonly string[];
  chosen: string;
  onChange: (id: string) => void;
}) {
  const { t } = useI18n();
  const { data } = useAll('/api/v1/organisations');
  return (
    <div className="no-print mb-4 max-w-md">
      <Select
        label={t('admin.organisation')}
        value={chosen}
        onChange={onChange}
        options={offered.map((id) => ({
          value: id,
          label:
            id === INSTALLATION
              ? t('admin.audit.installation')
              : (data?.find((each) => each.id === id)?.name ?? '…'),
        }))}
      />
    </div>
  );
}
