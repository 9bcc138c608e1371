import { AUDIT_SUBJECTS, INSTALLATION, INSTALLATION_SUBJECTS } from '#domain/audit-subjects';
import { type ReactNode, useState } from 'react';
import { useSearchParams } from 'wouter';
import { type Schema, send } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { dayFromNow } from '#web/i18n/today';
import { Button, Link, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { Form, Select, TextField } from '#web/ui/form';
import { saveAs } from '#web/ui/save-as';
import { EmptyState, Loaded, ProblemBox } from '#web/ui/states';
import { OwnOrganisation } from './own-organisation';

type Entry = Schema<'ReadEntry'>;
type Row = Schema<'AuditedRow'>;
/** What can be looked for; the address says what is. */
const FILTERS = ['actor', 'subject', 'from', 'to'] as const;
const ACTIONS: Readonly<Record<Entry['action'], StatusKind>> = {
  insert: 'conforming',
  update: 'neutral',
  delete: 'major',
  forget: 'na',
};
/** Where the keys are published that checkpoints are signed with. */
const KEYS = '/.well-known/uplift-audit-keys.json';
/** What is said on the command line of any installation, without its database. */
const CHECK =
  'uplift audit verify --file audit.jsonl \\\n  --checkpoint checkpoint.json --keys uplift-audit-keys.json';

/**
 * `/admin/audit`: every change to what an organisation owns, or to what belongs to the installation itself: who, when, from
 * where, before and after. What is looked for and the page of it stand in the address, so that they come back and can be sent.
 */
export default function AuditPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('admin.nav.audit')} lead={t('admin.audit.lead')} />
      <OwnOrganisation installation>
        {(organisation) => <Trail key={organisation} organisation={organisation} />}
      </OwnOrganisation>
    </>
  );
}

function Trail({ organisation }: { organisation: string }) {
  const { t, compare } = useI18n();
  const [search, setSearch] = useSearchParams();
  const ofNobody = organisation === INSTALLATION;
  // Content is published seldom, people work every day.
  const given: Readonly<Record<string, string | undefined>> = {
    from: ofNobody ? '' : dayFromNow(-30),
    ...Object.fromEntries(search),
  };
  const filter: Record<string, string> = Object.fromEntries(
    FILTERS.flatMap((name) => (given[name] ? [[name, given[name]]] : [])),
  );
  /** Where each page that was turned to begins; the first begins at the beginning. */
  const turned = search.getAll('after');
  const turn = (after: readonly string[]): void =>
    setSearch((before) => {
      before.delete('after');
      for (const each of after) before.append('after', each);
      return before;
    });
  const [error, setError] = useState<unknown>(null);
  const path = { id: organisation };
  const members = useRead('/api/v1/organisations/{id}/members', { params: { path } }, { enabled: !ofNobody });
  const cursor = turned.at(-1);
  const entries = useRead('/api/v1/organisations/{id}/audit', {
    params: { path, query: { ...filter, limit: 50, ...(cursor && { cursor }) } },
  });
  const nameOf = (actor: string): string => {
    if (actor === 'worker' || actor === 'operator') return t(`admin.audit.${actor}`);
    if (actor === 'anybody') return t('admin.audit.nobodyKnown');
    if (actor.startsWith('grant:')) return t('admin.audit.link');
    return members.data?.members.find(({ userId }) => userId === actor)?.name ?? actor;
  };
  const people = [...new Map((members.data?.members ?? []).map((each) => [each.userId, each.name]))];
  const keep = (what: string, type: string, file: string) => {
    setError(null);
    download(`/api/v1/organisations/${organisation}/audit${what}`, type, file).catch(setError);
  };
  const asked = new URLSearchParams(filter).toString();
  const subjects = ofNobody ? INSTALLATION_SUBJECTS : AUDIT_SUBJECTS;
  return (
    <>
      <section className="no-print mb-4 rounded-xl border border-line bg-panel p-4">
        <Form
          brief
          key={asked}
          submit={t('admin.audit.search')}
          onSubmit={async (values) =>
            // An empty first day is one that was emptied.
            setSearch({
              ...(search.has('organisation') && { organisation }),
              ...Object.fromEntries(
                FILTERS.flatMap((name) =>
                  values[name] || name === 'from' ? [[name, values[name] ?? '']] : [],
                ),
              ),
            })
          }
          actions={
            <>
              <Button onClick={() => keep(`?${asked}`, 'application/x-ndjson', 'audit.jsonl')}>
                {t('admin.audit.export')}
              </Button>
              <Button onClick={() => keep('/checkpoint', 'application/json', 'checkpoint.json')}>
                {t('admin.audit.checkpoint')}
              </Button>
            </>
          }
        >
          <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
            <Select
              label={t('admin.audit.who')}
              name="actor"
              defaultValue={given['actor'] ?? ''}
              options={[
                { value: '', label: t('admin.audit.anybody') },
                ...people.map(([value, label]) => ({ value, label })),
                { value: 'worker', label: t('admin.audit.worker') },
                { value: 'operator', label: t('admin.audit.operator') },
              ]}
            />
            <Select
              label={t('admin.audit.what')}
              name="subject"
              defaultValue={given['subject'] ?? ''}
              options={[
                { value: '', label: t('admin.audit.anything') },
                ...subjects
                  .map((value) => ({
                    value,
                    label: t(`admin.subject.${value}`),
                  }))
                  .sort((one, other) => compare(one.label, other.label)),
              ]}
            />
            <TextField
              label={t('admin.audit.from')}
              name="from"
              type="date"
              defaultValue={given['from'] ?? ''}
            />
            <TextField label={t('admin.audit.to')} name="to" type="date" defaultValue={given['to'] ?? ''} />
          </div>
        </Form>
        {error !== null && <ProblemBox error={error} />}
        <Checkpoint />
      </section>
      <Loaded
        query={entries}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState title={t('admin.audit.none')}>{t('admin.audit.noneFix')}</EmptyState>}
      >
        {({ items, nextCursor }) => (
          <>
            <ol aria-label={t('admin.nav.audit')} className="grid gap-2">
              {items.map((entry) => (
                <li key={entry.seq} className="rounded-xl border border-line bg-panel p-3">
                  <EntryView entry={entry} who={entry.actorName ?? nameOf(entry.actor)} />
                </li>
              ))}
            </ol>
            <div className="no-print mt-3 flex gap-2">
              {turned.length > 0 && (
                <Button onClick={() => turn(turned.slice(0, -1))}>{t('admin.audit.earlier')}</Button>
              )}
              {nextCursor && (
                <Button onClick={() => turn([...turned, nextCursor])}>{t('admin.audit.later')}</Button>
              )}
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

/** What a signed checkpoint is good for, and how anybody holds a trail against it. */
function Checkpoint() {
  const { t } = useI18n();
  return (
    <div className="mt-4 max-w-prose text-sm">
      <p className="text-soft">{t('admin.checkpoint.what')}</p>
      <details>
        <summary className="inline-flex min-h-6 items-center text-link underline">
          {t('admin.checkpoint.check')}
        </summary>
        <div className="mt-1 grid gap-2">
          <p>{t('admin.checkpoint.how')}</p>
          <pre
            dir="ltr"
            tabIndex={0}
            aria-label={t('admin.checkpoint.check')}
            className="overflow-x-auto rounded-lg bg-sunken p-2"
          >
            {CHECK}
          </pre>
          <p>
            {t('admin.checkpoint.anybody')}{' '}
            <Link external href={KEYS}>
              {t('admin.checkpoint.keys')}
            </Link>
          </p>
        </div>
      </details>
    </div>
  );
}

type Subject = (typeof AUDIT_SUBJECTS)[number] | (typeof INSTALLATION_SUBJECTS)[number];
const isSubject = (subject: string): subject is Subject =>
  [...AUDIT_SUBJECTS, ...INSTALLATION_SUBJECTS].some((each) => each === subject);

function EntryView({ entry, who }: { entry: Entry; who: string }) {
  const { t, moment, number } = useI18n();
  const { subject, about, action, at, by, byName, from, rows } = entry;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Status kind={ACTIONS[action]}>{t(`admin.audit.${action}`)}</Status>
        <b>{isSubject(subject) ? t(`admin.subject.${subject}`) : <code dir="ltr">{subject}</code>}</b>
        {about && <Text>{about}</Text>}
        <Text>{who}</Text>
        {by && (
          <span className="text-soft">
            <bdi dir="ltr">{byName ?? by}</bdi>
          </span>
        )}
        <span className="text-soft">{moment(at)}</span>
        {from && (
          <span className="text-sm text-soft">
            <bdi dir="ltr">{from}</bdi>
          </span>
        )}
      </div>
      {Array.isArray(rows) ? (
        rows.map((row, n) => <Changes key={n} row={row} />)
      ) : (
        <p className="mt-1 text-soft">{t('admin.audit.many', { n: number(rows.count) })}</p>
      )}
    </>
  );
}

const shown = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);

/** What a row was before and is after, field by field; of an update only what changed. */
function Changes({ row: { before, after } }: { row: Row }) {
  const { t } = useI18n();
  const fields = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter(
    (field) => !before || !after || shown(before[field]) !== shown(after[field]),
  );
  if (fields.length === 0) return null;
  const cell = (content: ReactNode) => <td className="px-2 py-1 align-top wrap-anywhere">{content}</td>;
  return (
    <details className="mt-2">
      <summary className="inline-flex min-h-6 items-center text-sm text-link underline">
        {t('admin.audit.changes', { n: fields.length })}
      </summary>
      <table dir="ltr" className="mt-1 w-full table-fixed text-sm">
        <thead>
          <tr className="text-start text-soft">
            <th scope="col" className="w-1/4 px-2 py-1 text-start">
              {t('admin.audit.field')}
            </th>
            <th scope="col" className="px-2 py-1 text-start">
              {t('admin.audit.before')}
            </th>
            <th scope="col" className="px-2 py-1 text-start">
              {t('admin.audit.after')}
            </th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field} className="border-t border-line">
              <th scope="row" className="px-2 py-1 text-start align-top font-normal wrap-anywhere">
                <code>{field}</code>
              </th>
              {cell(before ? <Text>{shown(before[field])}</Text> : '–')}
              {cell(after ? <Text>{shown(after[field])}</Text> : '–')}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Fetches and saves as a file. @throws ApiProblem, NoConnection */
async function download(address: string, type: string, name: string): Promise<void> {
  const response = await send(new Request(address, { headers: { accept: type } }));
  saveAs(await response.blob(), name);
}
