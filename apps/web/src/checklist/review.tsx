import { noteOf } from '#domain/sync';
import { useEffect, useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { valueOf } from '#web/device/answers';
import { sendNow } from '#web/device/send';
import { type Device, unsentOf } from '#web/device/store';
import { serverLocale, useI18n } from '#web/i18n';
import { Button, Link, PageHeader, Panel, Skeleton, Status, type StatusKind, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { ContentLanguage, EmptyState, ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import {
  changedSince,
  type Checklist,
  type Item,
  remarksOf,
  useAnswerTitle,
  useChecklist,
  textsIn,
} from './model';
import { useArea } from './page';
import { Photos } from './photos';
import { ReadBack } from './signing';
import { SyncLine } from './status';
import { VoidNote } from './unsent';

/** `…/assessments/:id/review`: what is still open, the findings read back and signed, and the handing in. */
export default function ReviewPage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const { checklist, error, retry } = useChecklist(id);
  if (checklist) return <Review checklist={checklist} />;
  return (
    <>
      <PageHeader title={t('checklist.review.title')} />
      {error ? <ProblemBox error={error} retry={retry} /> : <Skeleton />}
    </>
  );
}

function Review({ checklist }: { checklist: Checklist }) {
  const { t, day } = useI18n();
  const { device, state, taken, items, progress, side, open } = checklist;
  const { pack, files } = taken;
  const { id, state: stands, kind } = pack.assessment;
  const area = useArea();
  const of = (standing: Item['standing']) => items.filter((item) => item.standing === standing);
  const refused = items.filter(({ own, note }) => own.refused.length + note.refused.length > 0);
  const remarks = remarksOf(pack);
  const untouched = items.filter((item) => {
    const remark = remarks.get(item.requirement.code);
    return remark !== undefined && !changedSince(remark, item);
  });
  const findings = [...of('nonconforming'), ...of('partly')];
  useEffect(() => {
    void sendNow(device);
  }, [device]);
  return (
    <>
      <PageHeader
        title={t('checklist.review.title')}
        lead={
          <>
            <Text>{pack.site.name}</Text> – {t(`common.assessmentKind.${kind}`)} –{' '}
            {day(pack.assessment.assessedOn)}
          </>
        }
        back={{ href: `/${area}/assessments/${id}`, label: t('checklist.review.back') }}
      />
      <ContentLanguage of={textsIn(pack)} />
      <Panel>
        <SyncLine device={device} state={state} taken={taken} />
        <p className="mt-2">
          {t('checklist.answered', { n: progress.answered, of: progress.total })}.{' '}
          {t('checklist.na', { n: progress.notApplicable })}.
        </p>
      </Panel>
      <Items
        heading={t('checklist.review.conflicts')}
        items={of('conflict')}
        checklist={checklist}
        kind="major"
      />
      <Items heading={t('checklist.review.refused')} items={refused} checklist={checklist} kind="critical" />
      <Items
        heading={t('checklist.review.questioned')}
        items={untouched}
        checklist={checklist}
        kind="minor"
      />
      <Items
        heading={t('checklist.review.unanswered')}
        items={of('unanswered')}
        checklist={checklist}
        kind="unanswered"
      />
      <Panel heading={t('checklist.review.findings', { n: findings.length, of: progress.total })}>
        {findings.length === 0 ? (
          <p className="text-soft">{t('checklist.review.noFindings')}</p>
        ) : (
          <Findings items={findings} checklist={checklist} />
        )}
      </Panel>
      {side === 'answer' && kind !== 'self' && (
        <Panel heading={t('checklist.sign.title')}>
          {open && <ReadBack checklist={checklist} findings={findings} />}
          <Photos
            device={device}
            pack={pack}
            requirement={null}
            files={files.filter(({ requirement }) => requirement === null)}
            evidence={[]}
            open={open}
          />
        </Panel>
      )}
      {stands === 'void' && <VoidNote device={device} taken={taken} />}
      <Panel heading={t('checklist.submit.title')}>
        {side === null || (side === 'claim' && open) ? (
          <p>{t('checklist.submit.notYours')}</p>
        ) : open ? (
          <Submit checklist={checklist} />
        ) : (
          <>
            <p className="mb-3 flex items-center gap-2">
              <Status kind="conforming">{t(`common.assessmentState.${stands}`)}</Status>
            </p>
            {stands !== 'void' && <Report device={device} id={id} />}
          </>
        )}
      </Panel>
      <Mistaken checklist={checklist} />
    </>
  );
}

/** Items that want something from a person, each a way to it. */
function Items({
  heading,
  items,
  checklist: { taken },
  kind,
}: {
  heading: string;
  items: readonly Item[];
  checklist: Checklist;
  kind: StatusKind;
}) {
  const { t } = useI18n();
  const area = useArea();
  if (items.length === 0) return null;
  return (
    <Panel
      heading={
        <span className="flex flex-wrap items-center gap-2">
          {heading}{' '}
          <Status kind={kind}>
            {t('common.countOf', { n: items.length, of: taken.pack.checklist.requirements.length })}
          </Status>
        </span>
      }
    >
      <ul className="grid max-h-96 gap-1 overflow-y-auto">
        {items.map(({ requirement: { code, question } }) => (
          <li key={code}>
            <Link
              href={`/${area}/assessments/${taken.copy.assessmentId}?item=${encodeURIComponent(code)}`}
              className="flex min-h-11 items-center gap-2 rounded-lg px-2 py-1 hover:bg-sunken"
            >
              <bdi dir="ltr" className="text-sm whitespace-nowrap">
                {code}
              </bdi>
              <span lang={textsIn(taken.pack, code)} dir="auto">
                {question}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** What does not conform, as it is read out to the supplier. */
function Findings({ items, checklist: { taken } }: { items: readonly Item[]; checklist: Checklist }) {
  const title = useAnswerTitle(taken.pack);
  return (
    <ol className="grid gap-3">
      {items.map(({ requirement: { code, question }, own, note }) => (
        <li key={code} className="border-s-4 border-critical ps-3">
          <p className="font-semibold">
            <bdi dir="ltr">{code}</bdi> – {title(valueOf(own)?.answer ?? '')}
          </p>
          <p lang={textsIn(taken.pack, code)} dir="auto">
            {question}
          </p>
          {noteOf(note.current) && (
            <p className="text-soft">
              <Text>{noteOf(note.current)!}</Text>
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}

/** Hands it in once everything is answered, decided and at the server. */
function Submit({ checklist: { device, state, taken, progress } }: { checklist: Checklist }) {
  const { t } = useI18n();
  const submit = useWrite('post', '/api/v1/assessments/{id}/submit');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const { all } = unsentOf(taken);
  const { assessmentId: id } = taken.copy;
  const why =
    progress.conflicts > 0
      ? t('checklist.submit.conflicts', { n: progress.conflicts })
      : progress.unanswered > 0
        ? t('checklist.submit.unanswered', { n: progress.unanswered, of: progress.total })
        : state.hindrance?.kind === 'offline'
          ? t('checklist.submit.offline')
          : all > 0
            ? t('checklist.submit.unsent')
            : null;
  const hand = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await sendNow(device);
      const now = device.get(id)!;
      // Something came in between: what to do about it stands above now.
      if (unsentOf(now).all > 0) return;
      await submit.mutateAsync({
        params: { path: { id } },
        headers: ifMatch(now.copy.revision),
      } as never);
      await sendNow(device);
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p className="mb-3 max-w-prose">{t('checklist.submit.lead')}</p>
      {why && <p className="mb-3 font-semibold">{why}</p>}
      {error !== null && <ProblemBox error={error} />}
      <Button look="primary" busy={busy} disabled={why !== null} onClick={() => void hand()}>
        {t('checklist.submit.do')}
      </Button>
    </>
  );
}

/** From where an assessment may be voided, as far as can be told here: what was closed before, the server knows. */
const VOIDABLE: readonly Schema<'AssessmentState'>[] = ['draft', 'in-progress'];

/** For whoever leads it, or runs the programme: that it was opened by mistake. A self-assessment is its supplier's. */
function Mistaken({ checklist: { device, taken, side } }: { checklist: Checklist }) {
  const { t } = useI18n();
  const [, go] = useLocation();
  const area = useArea();
  const { userId, memberships } = useMe();
  const { id, state, kind, assessorId } = taken.pack.assessment;
  const dismiss = useWrite('post', '/api/v1/assessments/{id}/void');
  const may =
    side === 'answer' &&
    (kind === 'self' ||
      assessorId === userId ||
      memberships.some(({ role }) => role === 'programme-manager'));
  if (!may || !VOIDABLE.includes(state)) return null;
  return (
    <Panel heading={t('checklist.void.ask')} className="no-print">
      <p className="mb-3 max-w-prose text-soft">{t('checklist.void.lead')}</p>
      <Confirm
        label={t('checklist.void.do')}
        title={t('checklist.void.do')}
        question={
          <>
            <p>{t('checklist.void.question')}</p>
            {unsentOf(taken).all > 0 && (
              <p className="mt-2 font-semibold">
                {t('checklist.void.unsentHere', { n: unsentOf(taken).all })}
              </p>
            )}
          </>
        }
        confirm={t('checklist.void.do')}
        look="danger"
        fields={
          <TextField label={t('checklist.void.reason')} name="reason" multiline required maxLength={1000} />
        }
        onConfirm={async ({ reason = '' }) => {
          await dismiss.mutateAsync({ params: { path: { id } }, body: { reason } } as never);
          toast(t('checklist.void.done'));
          await sendNow(device);
          go(area === 'supplier' ? `/supplier/sites/${taken.pack.assessment.siteId}` : '/assessor');
        }}
      />
    </Panel>
  );
}

/** The report for the supplier: made by the server, so it takes a connection; this says so, and waits until it is there. */
function Report({ device, id }: { device: Device; id: string }) {
  const { t } = useI18n();
  const area = useArea();
  const score = useRead('/api/v1/assessments/{id}/score', { params: { path: { id } } }, { every: 3000 });
  const offline = device.state.hindrance?.kind === 'offline' || !navigator.onLine;
  if (offline) return <EmptyState title={t('checklist.report.offline')} icon="offline" />;
  if (!score.data?.asFound) return <p role="status">{t('checklist.report.soon')}</p>;
  return (
    <p>
      <Link external href={`/api/v1/assessments/${id}/gap-report.pdf?lang=${serverLocale()}`}>
        {t('checklist.report.pdf')}
      </Link>{' '}
      {area === 'assessor' && <span className="text-soft">{t('checklist.report.lead')}</span>}
    </p>
  );
}
