import type { QueuedOperation } from '#domain/sync';
import { useState } from 'react';
import { useMe } from '#web/api/session';
import { areasOf } from '#web/areas';
import { useDevice } from '#web/device/send';
import { type Device, type Taken, unsentOf, useDeviceState } from '#web/device/store';
import { type I18n, useI18n } from '#web/i18n';
import { Button, ButtonLink, Panel, Text } from '#web/ui/basics';
import { saveAs } from '#web/ui/save-as';
import { fixOf, said, Unsaved } from './item';
import { useAnswerTitle } from './model';
import { SyncLine } from './status';

/** What of one's work is on this device alone, on pages that anybody signed in may open: also without any role left. */
export default function UnsentWork() {
  const { t, day } = useI18n();
  const me = useMe();
  const device = useDevice();
  const state = useDeviceState(device);
  const area = areasOf(me).find((each) => each === 'assessor' || each === 'supplier');
  const unsent = [...(state.taken?.values() ?? [])].filter((each) => unsentOf(each).all > 0);
  if (unsent.length === 0) return null;
  return (
    <Panel heading={t('checklist.unsent.title')}>
      <ul className="grid gap-4">
        {unsent.map((taken) => {
          const { assessment, site } = taken.pack;
          const { trouble } = taken.record;
          return (
            <li key={assessment.id} className="grid gap-1">
              <p className="font-semibold">
                <Text>{site.name}</Text> – {t(`common.assessmentKind.${assessment.kind}`)} –{' '}
                {day(assessment.assessedOn)}
              </p>
              <SyncLine device={device} state={state} taken={taken} />
              {trouble && <p>{t(fixOf(trouble.code))}</p>}
              <div className="flex flex-wrap gap-2">
                <SaveUnsent device={device} taken={taken} />
                {area && (
                  <ButtonLink href={`/${area}/assessments/${assessment.id}`}>
                    {t('checklist.unsent.open')}
                  </ButtonLink>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** Saves what the server hasn't as a file of its own. Nothing leaves the device by it. */
export function SaveUnsent({ device, taken }: { device: Device; taken: Taken }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { name } = useMe();
  const title = useAnswerTitle(taken.pack);
  const [error, setError] = useState<unknown>(null);
  if (unsentOf(taken).all === 0) return null;
  const save = async (): Promise<void> => {
    saveAs(
      await sheet(device, taken, name, title, i18n),
      `uplift-unsent-${taken.pack.assessment.assessedOn}-${taken.copy.assessmentId.slice(0, 8)}.html`,
    );
  };
  return (
    <div className="mt-2">
      <Button
        icon="download"
        onClick={() => {
          setError(null);
          save().catch(setError);
        }}
      >
        {t('checklist.unsent.save')}
      </Button>
      {error !== null && <Unsaved error={error} />}
    </div>
  );
}

/** That an assessment was opened by mistake, who says so and why; what was not sent can be had as a file. */
export function VoidNote({ device, taken }: { device: Device; taken: Taken }) {
  const { t, moment } = useI18n();
  const { voided } = taken.pack.assessment;
  return (
    <div role="status" className="mb-3 rounded-xl bg-na-bg p-4 text-na">
      <p className="font-semibold">{t('checklist.void.title')}</p>
      {voided && (
        <>
          <p>
            <Text>{voided.reason}</Text>
          </p>
          <p className="text-sm">
            {voided.by && <Text>{voided.by}</Text>} {moment(voided.at)}
          </p>
        </>
      )}
      {unsentOf(taken).all > 0 && <p className="mt-2">{t('checklist.void.unsent')}</p>}
      <SaveUnsent device={device} taken={taken} />
    </div>
  );
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const html = (text: string): string => text.replace(/[&<>"]/g, (each) => ESCAPED[each]!);
const cells = (tag: 'th' | 'td', texts: readonly string[]): string =>
  `<tr>${texts.map((text) => `<${tag} dir="auto">${html(text)}</${tag}>`).join('')}</tr>`;

/** One page that any browser opens and prints, pictures and documents in it; for programs, too: `saved.tsx` takes it in again. */
async function sheet(
  device: Device,
  { pack, copy, files }: Taken,
  person: string,
  title: (code: string) => string,
  { t, moment, day, dir, locale }: I18n,
): Promise<Blob> {
  const questions = new Map(pack.checklist.requirements.map(({ code, question }) => [code, question]));
  const FIELDS = {
    answer: t('checklist.item.answer'),
    claim: t('checklist.unsent.claim'),
    note: t('checklist.item.note'),
  };
  const row = ({ requirement, field, value, capturedAt, refused }: QueuedOperation) =>
    cells('td', [
      requirement,
      questions.get(requirement) ?? '',
      FIELDS[field],
      said(value, title) ?? t('checklist.item.nothing'),
      moment(capturedAt),
      refused ? `${t(fixOf(refused.code))} (${refused.code ?? ''})` : t('checklist.item.kept'),
    ]);
  const heading = `${pack.site.supplier} – ${pack.site.name}`;
  const parts: BlobPart[] = [
    `<!doctype html><html lang="${locale}" dir="${dir}"><meta charset="utf-8"><title>${html(t('common.labelled', { label: t('checklist.unsent.title'), value: heading }))}</title>`,
    '<style>body{font:16px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}th,td{border:1px solid #999;padding:.4rem;text-align:start;vertical-align:top}img{max-width:100%;max-height:40rem}</style>',
    `<h1 dir="auto">${html(heading)}</h1>`,
    `<p>${html(t('checklist.unsent.lead'))}</p>`,
    `<p dir="auto">${html(`${t(`common.assessmentKind.${pack.assessment.kind}`)} – ${day(pack.assessment.assessedOn)} – ${pack.checklist.title} ${pack.checklist.version}`)}</p>`,
    `<p dir="auto">${html(`${person} – ${moment(new Date().toISOString())}`)}</p>`,
    `<table>${copy.queue.map(row).join('')}</table>`,
  ];
  for (const file of files) {
    if (file.state !== 'waiting' && file.state !== 'refused') continue;
    const bytes = await device.bytesOf(file);
    const type = /^(image\/(jpeg|png|webp)|application\/[\w.+-]+)$/.test(file.type)
      ? file.type
      : 'application/octet-stream';
    const told = html([file.requirement, file.name, file.caption].filter(Boolean).join(' – '));
    parts.push(`<h2 dir="auto">${told}</h2>`);
    if (!bytes) parts.push(`<p>${html(t('checklist.photo.lost'))}</p>`);
    else {
      const { requirement, name, caption, capturedAt } = file;
      const data = `data-file="${html(JSON.stringify({ requirement, name, type: file.type, caption, capturedAt }))}"`;
      const url = await dataUrl(bytes, type);
      if (type.startsWith('image/')) parts.push('<img alt="" src="', url, `" ${data}>`);
      else parts.push(`<a download="${html(file.name)}" href="`, url, `" ${data}>${told}</a>`);
    }
  }
  const { assessmentId, device: from, checklistHash, queue } = copy;
  const data = JSON.stringify({
    assessmentId,
    device: from,
    person,
    personId: device.person,
    checklistHash,
    operations: queue,
  });
  parts.push(
    // "<" can't end the element early.
    `<script type="application/json" id="entries">${data.replaceAll('<', '\\u003c')}</script></html>`,
  );
  return new Blob(parts, { type: 'text/html' });
}

const dataUrl = (bytes: ArrayBuffer, type: string): Promise<string> =>
  new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => fail(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(new Blob([bytes], { type }));
  });
