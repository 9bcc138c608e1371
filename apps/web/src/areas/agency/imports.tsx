import { useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { type RowOf, queryClient, useAll } from '#web/api/hooks';
import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { upload } from '#web/api/upload';
import { useI18n } from '#web/i18n';
import { Button, Link, Meter, PageHeader, Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { CountryField } from '#web/ui/country';
import { FileChooser } from '#web/ui/file-chooser';
import { Form, Select } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { formOf, judge, type Judged, MB, shippedMappings, UPLOAD_LIMIT } from './import-folder';

type Import = RowOf<'/api/v1/imports'>;

/** How an import stands, as a colour. */
export const IMPORT_STATE: Readonly<Record<Import['state'], StatusKind>> = {
  queued: 'neutral',
  running: 'neutral',
  done: 'conforming',
  failed: 'critical',
};
/** Whether the worker has yet to end it. */
export const goesOn = ({ state }: Pick<Import, 'state'>): boolean =>
  state === 'queued' || state === 'running';

/** Ids of the agencies the reader may import for; the API decides again. */
function useAgencies(): readonly string[] {
  const { memberships } = useMe();
  return useMemo(
    () => [...new Set(memberships.filter(managesAgency).map(({ organisationId }) => organisationId))],
    [memberships],
  );
}

/** `/agency/imports`: hands in a folder of inspection records, and what became of those handed in before. */
export default function ImportsPage() {
  const { t } = useI18n();
  const agencies = useAgencies();
  return (
    <>
      <PageHeader title={t('agency.imports.title')} lead={t('agency.imports.lead')} />
      {agencies.length === 0 ? (
        <EmptyState title={t('agency.imports.notYours')}>{t('agency.imports.notYoursFix')}</EmptyState>
      ) : (
        <>
          <NewImport agencies={agencies} />
          <Imports />
        </>
      )}
    </>
  );
}

function Imports() {
  const { t, moment, country, compare } = useI18n();
  const first = useAll('/api/v1/imports');
  useAll('/api/v1/imports', undefined, { enabled: first.data?.some(goesOn) ?? false, every: 3000 });
  const columns = useMemo<readonly Column<Import>[]>(
    () => [
      {
        key: 'dataset',
        header: t('agency.imports.records'),
        cell: ({ id, dataset }) => (
          <Link href={`/agency/imports/${id}`}>
            <bdi dir="ltr">{dataset}</bdi>
          </Link>
        ),
        sort: (one, other) => compare(one.dataset, other.dataset),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ state }) => (
          <Status kind={IMPORT_STATE[state]} {...(state === 'queued' && { icon: 'clock' })}>
            {t(`agency.imports.state.${state}`)}
          </Status>
        ),
      },
      {
        key: 'country',
        header: t('agency.imports.country'),
        cell: (row) => (row.country === 'ZZ' ? '–' : country(row.country)),
      },
      { key: 'at', header: t('agency.imports.handedIn'), cell: ({ createdAt }) => moment(createdAt) },
    ],
    [t, moment, country, compare],
  );
  const rows = useMemo(
    () => [...(first.data ?? [])].sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1)),
    [first.data],
  );
  return (
    <section>
      <h2 className="mb-3">{t('agency.imports.list')}</h2>
      <Loaded
        query={first}
        empty={<EmptyState title={t('agency.imports.none')}>{t('agency.imports.noneFix')}</EmptyState>}
      >
        {() => (
          <Table caption={t('agency.imports.list')} columns={columns} rows={rows} rowKey={({ id }) => id} />
        )}
      </Loaded>
    </section>
  );
}

/** How files are chosen, looked at, and sent. */
function NewImport({ agencies }: { agencies: readonly string[] }) {
  const { t, percent } = useI18n();
  const [, go] = useLocation();
  const [shipped, setShipped] = useState('');
  const [chosen, setChosen] = useState<readonly File[]>([]);
  const [judged, setJudged] = useState<Judged | null>(null);
  /** From 0 to 1; null: nothing is being sent. */
  const [sent, setSent] = useState<number | null>(null);
  const sending = useRef<AbortController | null>(null);
  useEffect(() => () => sending.current?.abort(), []);
  const look = async (files: readonly File[], by: string): Promise<void> => {
    setChosen(files);
    setShipped(by);
    setJudged(files.length === 0 ? null : await judge(files, by));
  };
  const send = async (country: string, organisationId: string): Promise<void> => {
    const control = (sending.current = new AbortController());
    setSent(0);
    try {
      const form = await formOf(judged!, { country, organisationId });
      const { id } = await upload('/api/v1/imports/inspections', form, setSent, control.signal);
      await queryClient.invalidateQueries();
      toast(t('agency.imports.sent'));
      go(`/agency/imports/${id}`);
    } catch (error) {
      if (!control.signal.aborted) throw error;
    } finally {
      setSent(null);
    }
  };
  return (
    <Panel heading={t('agency.imports.new')} className="no-print">
      <div className="grid gap-4">
        <Select
          label={t('agency.imports.by')}
          hint={t('agency.imports.byHint')}
          value={shipped}
          onChange={(by) => void look(chosen, by)}
          options={[
            { value: '', label: t('agency.imports.byOwn') },
            ...shippedMappings.map(({ name, title }) => ({ value: name, label: title, lang: 'en' })),
          ]}
        />
        <div className="flex flex-wrap gap-2">
          {(['folder', 'files'] as const).map((what) => (
            <FileChooser
              key={what}
              label={t(`agency.imports.${what}`)}
              accept=".csv,.gz,.yaml,.yml"
              folder={what === 'folder'}
              busy={sent !== null}
              onChoose={(files) => void look(files, shipped)}
            />
          ))}
        </div>
        {judged && <Folder judged={judged} />}
        {judged?.whole && (
          <Form
            submit={t('agency.imports.send')}
            onSubmit={({ country = '', organisationId }) => send(country, organisationId ?? agencies[0]!)}
            actions={
              sent !== null && <Button onClick={() => sending.current?.abort()}>{t('common.cancel')}</Button>
            }
          >
            <CountryField label={t('agency.imports.country')} name="country" />
            {agencies.length > 1 && <Agency agencies={agencies} />}
            {sent !== null && (
              <div>
                <Meter label={t('agency.imports.sending')} value={sent} of={1} words={percent(sent)} />
                <p className="mt-1 text-soft">{t('agency.imports.stay')}</p>
              </div>
            )}
          </Form>
        )}
      </div>
    </Panel>
  );
}

/** Which agency the sites will belong to, for who acts for several. */
function Agency({ agencies }: { agencies: readonly string[] }) {
  const { t } = useI18n();
  const { data } = useAll('/api/v1/organisations');
  return (
    <Select
      label={t('agency.imports.agency')}
      name="organisationId"
      options={agencies.map((id) => ({
        value: id,
        label: data?.find((each) => each.id === id)?.name ?? '…',
      }))}
    />
  );
}

interface Line {
  readonly name: string;
  readonly what: 'mapping' | 'here' | 'missing' | 'twice' | 'unused';
  readonly bytes: number | null;
}
const LOOKS: Readonly<Record<Line['what'], StatusKind>> = {
  mapping: 'conforming',
  here: 'conforming',
  missing: 'critical',
  twice: 'critical',
  unused: 'na',
};

/** What was chosen against what the mapping reads, and what stands in the way. */
function Folder({ judged }: { judged: Judged }) {
  const { t, number, list } = useI18n();
  const { mapping, mappings, tables, unused, bytes } = judged;
  const sizeOf = (size: number): string =>
    size < MB
      ? number(Math.ceil(size / 1024), { style: 'unit', unit: 'kilobyte' })
      : number(size / MB, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 });
  const lines: readonly Line[] = [
    ...(mapping && 'file' in mapping
      ? [{ name: mapping.file.name, what: 'mapping' as const, bytes: mapping.file.size }]
      : []),
    ...(tables ?? []).flatMap(({ name, files }): Line[] =>
      files.length === 0
        ? [{ name: `${name}.csv`, what: 'missing', bytes: null }]
        : files.map((file) => ({
            name: file.name,
            what: files.length > 1 ? 'twice' : 'here',
            bytes: file.size,
          })),
    ),
    ...unused.map(({ name, size }): Line => ({ name, what: 'unused', bytes: size })),
  ];
  const missing = lines.filter(({ what }) => what === 'missing').map(({ name }) => name);
  const faults = [
    mapping === null &&
      (mappings.length === 0
        ? t('agency.imports.noMapping')
        : t('agency.imports.manyMappings', { names: list(mappings.map(({ name }) => name)) })),
    mapping !== null && tables === null && t('agency.imports.unreadable'),
    missing.length > 0 && t('agency.imports.missingFiles', { names: list(missing) }),
    lines.some(({ what }) => what === 'twice') && t('agency.imports.twiceFix'),
    bytes > UPLOAD_LIMIT && t('agency.imports.tooLarge'),
  ].filter((fault) => fault !== false);
  return (
    <div className="grid gap-3">
      {lines.length > 0 && (
        <Table
          caption={t('agency.imports.chosen')}
          rows={lines}
          rowKey={({ name, what }) => `${what} ${name}`}
          columns={[
            {
              key: 'file',
              header: t('agency.imports.file'),
              cell: ({ name }) => <bdi dir="ltr">{name}</bdi>,
            },
            {
              key: 'what',
              header: t('common.state'),
              cell: ({ what }) => <Status kind={LOOKS[what]}>{t(`agency.imports.is.${what}`)}</Status>,
            },
            {
              key: 'size',
              header: t('agency.imports.size'),
              numeric: true,
              cell: ({ bytes: size }) => (size === null ? '–' : sizeOf(size)),
            },
          ]}
        />
      )}
      <Meter
        label={t('agency.imports.total')}
        value={Math.min(bytes, UPLOAD_LIMIT)}
        of={UPLOAD_LIMIT}
        words={t('agency.imports.ofLimit', { size: sizeOf(bytes), limit: sizeOf(UPLOAD_LIMIT) })}
      />
      <div role="status">
        <ul className="grid gap-1">
          {faults.map((fault) => (
            <li key={fault} className="border-s-4 border-critical ps-3">
              <Text>{fault}</Text>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
