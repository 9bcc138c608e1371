import { type ChangeEvent, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { ApiProblem, call, type Problem, type Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Button, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';

interface GivenFile {
  readonly name: string;
  readonly text: string;
}
type Fault = NonNullable<Problem['errors']>[number];

/**
 * `/admin/checklists/import`: checklists, translations, crosswalks and profiles from files. They are looked at first: every
 * fault with its line, or what would be published. What is published can't be changed, so that is asked about.
 */
export default function ImportPage() {
  const { t, number } = useI18n();
  const place = ({ line, column }: Fault): string =>
    line === undefined
      ? t('admin.import.somewhere')
      : t('admin.import.place', {
          line: number(line, { useGrouping: false }),
          column: number(column ?? 1, { useGrouping: false }),
        });
  const queries = useQueryClient();
  const [files, setFiles] = useState<readonly GivenFile[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [checked, setChecked] = useState<readonly Schema<'Published'>[] | null>(null);

  const look = async (given: readonly GivenFile[]) => {
    setBusy(true);
    setError(null);
    setChecked(null);
    try {
      setChecked(
        await call('post', '/api/v1/content', {
          body: { files: given.map(({ text }) => text), check: true },
        }),
      );
    } catch (refusal) {
      setError(refusal);
    } finally {
      setBusy(false);
    }
  };
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = await Promise.all(
      [...(event.target.files ?? [])].map(async (file) => ({ name: file.name, text: await file.text() })),
    );
    // So that the same file, mended, can be chosen again.
    event.target.value = '';
    if (chosen.length === 0) return;
    setFiles(chosen);
    await look(chosen);
  };
  const publish = async () => {
    await call('post', '/api/v1/content', {
      body: { files: files.map(({ text }) => text) },
      headers: { 'Idempotency-Key': crypto.randomUUID() },
    } as never);
    await queries.invalidateQueries();
    setFiles([]);
    setChecked(null);
    toast(t('admin.import.done'));
  };
  const faults =
    error instanceof ApiProblem && error.problem.status === 422
      ? ((error.problem.errors ?? []) as readonly Fault[])
      : [];
  const fresh = (checked ?? []).filter(({ created }) => created).length;
  return (
    <>
      <PageHeader
        title={t('admin.import.title')}
        lead={t('admin.import.lead')}
        back={{ href: '/admin/checklists', label: t('admin.nav.checklists') }}
      />
      <Panel>
        <label className="grid grid-cols-1 gap-1">
          <span className="font-medium">{t('admin.import.files')}</span>
          <span className="text-sm text-soft">{t('admin.import.filesHint')}</span>
          <input
            type="file"
            multiple
            accept=".yaml,.yml,.json"
            onChange={(event) => void choose(event)}
            className="min-h-11 w-full min-w-0 rounded-lg border border-edge bg-panel p-2"
          />
        </label>
        <p role="status" className="mt-3 text-soft">
          {busy
            ? t('common.loading')
            : checked
              ? t('admin.import.good', { n: checked.length, fresh })
              : error !== null && faults.length > 0
                ? t('admin.import.bad', { n: faults.length })
                : ''}
        </p>
      </Panel>
      {error !== null && faults.length === 0 && <ProblemBox error={error} retry={() => void look(files)} />}
      {files.map(({ name, text }, index) => {
        const here = faults.filter(({ file }) => (file ?? 0) === index);
        return here.length === 0 ? null : (
          <Panel key={name} heading={<bdi dir="ltr">{name}</bdi>}>
            <ol className="grid gap-3">
              {here.map((fault, n) => (
                <li key={n} className="border-s-4 border-critical ps-3">
                  <p className="flex flex-wrap items-center gap-2">
                    <Status kind="critical">{place(fault)}</Status>
                    <code dir="ltr" className="text-sm text-soft">
                      {fault.field}
                    </code>
                  </p>
                  <p className="mt-1">
                    <Text>{fault.message}</Text>
                    {fault.fix && (
                      <span className="block text-soft">
                        <Text>{fault.fix}</Text>
                      </span>
                    )}
                  </p>
                  {fault.line !== undefined && (
                    <pre
                      dir="ltr"
                      tabIndex={0}
                      aria-label={place(fault)}
                      className="mt-1 overflow-x-auto rounded-lg bg-sunken p-2 text-sm"
                    >
                      {excerpt(text, fault.line)}
                    </pre>
                  )}
                </li>
              ))}
            </ol>
          </Panel>
        );
      })}
      {checked && (
        <Panel heading={t('admin.import.would')}>
          <ul className="mb-4 grid gap-2">
            {checked.map(({ kind, name, created }) => (
              <li key={kind + name} className="flex flex-wrap items-center gap-2">
                <Status kind={created ? 'conforming' : 'neutral'}>
                  {t(created ? 'admin.import.new' : 'admin.import.known')}
                </Status>
                {t(`admin.format.${kind.slice('uplift.'.length, -2) as 'checklist'}`)}
                <bdi dir="ltr">{name}</bdi>
              </li>
            ))}
          </ul>
          <div className="flex flex-wrap gap-2">
            <Confirm
              label={t('admin.import.publish')}
              title={t('admin.import.publish')}
              question={t('admin.import.question')}
              confirm={t('admin.import.publish')}
              onConfirm={publish}
            />
            <Button
              onClick={() => {
                setFiles([]);
                setChecked(null);
              }}
            >
              {t('common.cancel')}
            </Button>
          </div>
        </Panel>
      )}
    </>
  );
}

/** The line, with one before and one after, each with its number. */
function excerpt(text: string, line: number): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - 1);
  return lines
    .slice(first - 1, line + 1)
    .map((content, n) => `${first + n === line ? '→' : ' '} ${first + n}  ${content}`)
    .join('\n');
}
