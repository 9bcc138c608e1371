import type { QueuedOperation } from '#domain/sync';
import { type ChangeEvent, useState } from 'react';
import { call, type Schema } from '#web/api/client';
import { useMe } from '#web/api/session';
import { keepFile } from '#web/device/files';
import { sendNow, useDevice } from '#web/device/send';
import type { Taken } from '#web/device/store';
import { useI18n } from '#web/i18n';
import { Button, ButtonLink, PageHeader, Panel, Text } from '#web/ui/basics';
import { EmptyState, ProblemBox } from '#web/ui/states';
import { said, Unsaved } from './item';
import { useAnswerTitle } from './model';
import { useArea } from './page';

/** What a file of `unsent.tsx` holds. */
interface Saved {
  readonly assessmentId: string;
  readonly device: string;
  /** Name of whose work it is. */
  readonly person: string;
  readonly personId: string;
  readonly checklistHash: string;
  readonly operations: readonly QueuedOperation[];
}
interface SavedFile {
  readonly requirement: string | null;
  readonly name: string;
  readonly type: string;
  readonly caption: string | null;
  readonly capturedAt: string;
  readonly url: string;
}
type Result = Schema<'OperationResult'>;

/** At once, as a device sends them. */
const MOST = 200;

/** What is in a saved file; null where it isn't one. Nothing in it is run: a document that is parsed is never shown. */
function read(text: string): { saved: Saved; files: readonly SavedFile[] } | null {
  const page = new DOMParser().parseFromString(text, 'text/html');
  try {
    const saved = JSON.parse(page.getElementById('entries')?.textContent ?? '') as Saved;
    if (!Array.isArray(saved.operations) || !saved.assessmentId || !saved.personId) return null;
    const files = [...page.querySelectorAll<HTMLElement>('[data-file]')].map((element) => ({
      ...(JSON.parse(element.dataset['file']!) as Omit<SavedFile, 'url'>),
      url: element.getAttribute('src') ?? element.getAttribute('href') ?? '',
    }));
    return { saved, files };
  } catch {
    return null;
  }
}

/** The bytes of a `data:` address, which the policy lets nothing fetch. */
function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (each) => each.charCodeAt(0));
}

/**
 * `/assessor/saved`, `/supplier/saved`: takes in what was saved as a file because it could not be sent, of the same person. Entries go to the server
 * as what they are, so what has come already counts once; photographs go the device's own way.
 */
export default function SavedPage() {
  const { t } = useI18n();
  const { userId } = useMe();
  const area = useArea();
  const device = useDevice();
  const [found, setFound] = useState<(ReturnType<typeof read> & { taken: Taken }) | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const choose = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = [...(event.target.files ?? [])];
    setFound(null);
    setRefusal(null);
    setError(null);
    if (!file) return;
    const inside = read(await file.text());
    // So that the same file may be chosen again.
    event.target.value = '';
    if (!inside) return setRefusal(t('checklist.saved.other'));
    if (inside.saved.personId !== userId)
      return setRefusal(t('checklist.saved.notYours', { name: inside.saved.person }));
    try {
      setFound({ ...inside, taken: await device.take(inside.saved.assessmentId) });
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <>
      <PageHeader
        title={t('checklist.saved.title')}
        lead={t('checklist.saved.lead')}
        back={{ href: `/${area}`, label: t('common.back') }}
      />
      <Panel>
        <label className="grid grid-cols-1 gap-1">
          <span className="font-medium">{t('checklist.saved.file')}</span>
          <input
            type="file"
            accept=".html,text/html"
            onChange={(event) => void choose(event)}
            className="min-h-11 w-full min-w-0 rounded-lg border border-edge bg-panel p-2"
          />
        </label>
      </Panel>
      {refusal && <EmptyState title={refusal} icon="critical" />}
      {error !== null && <ProblemBox error={error} />}
      {found && <Found key={found.saved.device + found.saved.assessmentId} {...found} />}
    </>
  );
}

function Found({ saved, files, taken }: { saved: Saved; files: readonly SavedFile[]; taken: Taken }) {
  const area = useArea();
  const { t, moment, day } = useI18n();
  const device = useDevice();
  const title = useAnswerTitle(taken.pack);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [unkept, setUnkept] = useState<unknown>(null);
  const [results, setResults] = useState<readonly Result[] | null>(null);
  const { assessment, site } = taken.pack;
  const { assessmentId: id, device: from, checklistHash, operations } = saved;
  const send = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    setUnkept(null);
    try {
      const all: Result[] = [];
      for (let n = 0; n < operations.length; n += MOST) {
        const batch = operations
          .slice(n, n + MOST)
          .map(({ device: _device, refused: _refused, ...operation }) => operation);
        const answer = await call('post', '/api/v1/assessments/{id}/operations', {
          params: { path: { id } },
          body: { device: from, checklistHash, sentAt: new Date().toISOString(), operations: batch } as never,
        });
        all.push(...answer.results);
      }
      setResults(all);
    } catch (reason) {
      setError(reason);
      setBusy(false);
      return;
    }
    try {
      for (const { url, name, type, requirement, caption, capturedAt } of files)
        await keepFile(
          device,
          id,
          requirement,
          new File([bytesOf(url)], name, { type, lastModified: Date.parse(capturedAt) }),
          caption,
        );
    } catch (reason) {
      setUnkept(reason);
    }
    await sendNow(device);
    setBusy(false);
  };
  const refused = (results ?? []).filter(({ outcome }) => outcome === 'refused');
  return (
    <Panel
      heading={
        <>
          <Text>{site.name}</Text> – {t(`common.assessmentKind.${assessment.kind}`)} –{' '}
          {day(assessment.assessedOn)}
        </>
      }
    >
      <p className="mb-3">
        {t('checklist.saved.holds', { entries: operations.length, files: files.length })}
      </p>
      <ul className="mb-4 grid gap-2">
        {operations.map(({ id: operation, requirement, value, capturedAt }) => {
          const answer = results?.find((each) => each.id === operation);
          return (
            <li key={operation} className="border-s-4 border-line ps-3">
              <p>
                <bdi dir="ltr">{requirement}</bdi>:{' '}
                <Text>{said(value, title) ?? t('checklist.item.nothing')}</Text>
              </p>
              <p className="text-sm text-soft">{moment(capturedAt)}</p>
              {answer?.outcome === 'refused' && (
                <p className="text-critical">
                  {answer.detail} {answer.fix}
                </p>
              )}
            </li>
          );
        })}
      </ul>
      {error !== null && <ProblemBox error={error} />}
      {unkept !== null && <Unsaved error={unkept} />}
      {results && (
        <p role="status" className="mb-3 font-semibold">
          {t('checklist.saved.done', { n: results.length - refused.length, of: operations.length })}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {(!results || refused.length > 0) && (
          <Button look="primary" busy={busy} onClick={() => void send()}>
            {t('checklist.saved.send')}
          </Button>
        )}
        <ButtonLink href={`/${area}/assessments/${id}`}>{t('checklist.unsent.open')}</ButtonLink>
      </div>
    </Panel>
  );
}
