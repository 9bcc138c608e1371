import { EVIDENCE_LIMIT } from '#domain/evidence';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { keepFile } from '#web/device/files';
import type { Device, FileRecord, Pack } from '#web/device/store';
import { useI18n } from '#web/i18n';
import { Button, Text } from '#web/ui/basics';
import { Confirm, FormDialog } from '#web/ui/dialog';
import { FileChooser } from '#web/ui/file-chooser';
import { TextField } from '#web/ui/form';
import { fixOf, Unsaved } from './item';

/** Photographs and documents of an item, or of the whole assessment: on this device at once, at the server when it has them. */
export function Photos({
  device,
  pack,
  requirement,
  files,
  evidence,
  open,
}: {
  device: Device;
  pack: Pack;
  requirement: string | null;
  files: readonly FileRecord[];
  evidence: readonly Schema<'EvidenceRow'>[];
  open: boolean;
}) {
  const { t, number, list } = useI18n();
  const [failed, setFailed] = useState<{ error: unknown; names: readonly string[] } | null>(null);
  const [large, setLarge] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const describe = useWrite('patch', '/api/v1/evidence/{id}');
  const shown = files.filter(({ state }) => state !== 'removing');
  const add = async (chosen: readonly File[]): Promise<void> => {
    setBusy(true);
    setFailed(null);
    setLarge(chosen.filter(({ size }) => size > EVIDENCE_LIMIT).map(({ name }) => name));
    const names: string[] = [];
    for (const file of chosen)
      if (file.size <= EVIDENCE_LIMIT)
        try {
          await keepFile(device, pack.assessment.id, requirement, file);
        } catch (error) {
          names.push(file.name);
          setFailed({ error, names });
        }
    setBusy(false);
  };
  if (!open && shown.length + evidence.length === 0) return null;
  return (
    <div className="mt-3">
      {shown.length + evidence.length > 0 && (
        <ul className="mb-2 flex flex-wrap gap-3">
          {shown.map((file) => (
            <Kept key={file.id} device={device} file={file} open={open} />
          ))}
          {evidence.map(({ id, state, mediaType, fileName, caption }) => (
            <li key={id} className="w-28 text-sm">
              <a
                href={`/api/v1/evidence/${id}/content`}
                className="grid size-28 place-items-center overflow-hidden rounded-lg border border-line bg-sunken"
              >
                {state === 'ready' && mediaType?.startsWith('image/') ? (
                  <img
                    src={`/api/v1/evidence/${id}/thumbnail`}
                    alt={caption ?? fileName ?? t('checklist.photo.photo')}
                    loading="lazy"
                    className="size-full object-cover"
                  />
                ) : (
                  <span className="p-1 text-center break-all">{fileName ?? t('checklist.photo.photo')}</span>
                )}
              </a>
              <span className="text-soft">{t('checklist.photo.there')}</span>
              <Caption
                caption={caption}
                {...(open && {
                  onSave: (text) =>
                    describe.mutateAsync({ params: { path: { id } }, body: { caption: text } }),
                })}
              />
            </li>
          ))}
        </ul>
      )}
      {open && (
        <div className="flex flex-wrap gap-2">
          <FileChooser label={t('checklist.photo.take')} camera busy={busy} onChoose={add} />
          <FileChooser label={t('checklist.photo.choose')} busy={busy} onChoose={add} />
        </div>
      )}
      {large.length > 0 && (
        <p role="alert" className="mt-2 rounded-lg bg-critical-bg p-3 text-critical">
          {t('checklist.photo.large', {
            name: list(large),
            mb: number(EVIDENCE_LIMIT / 1024 / 1024),
          })}
        </p>
      )}
      {failed && <Unsaved error={failed.error} names={failed.names} />}
    </div>
  );
}

function Kept({ device, file, open }: { device: Device; file: FileRecord; open: boolean }) {
  const { t, percent } = useI18n();
  const there = useSyncExternalStore(device.subscribe, () => device.state.progress.get(file.id));
  const picture = useRef<HTMLImageElement>(null);
  const { thumbnail } = file;
  useEffect(() => {
    if (!thumbnail) return;
    const made = URL.createObjectURL(new Blob([thumbnail], { type: 'image/jpeg' }));
    picture.current!.src = made;
    return () => URL.revokeObjectURL(made);
  }, [thumbnail]);
  const stands =
    file.state === 'sent'
      ? t('checklist.photo.there')
      : file.state === 'refused'
        ? t('checklist.photo.refused')
        : there !== undefined
          ? t('checklist.sync.file', { part: percent(there / file.size) })
          : t('checklist.photo.here');
  return (
    <li className="w-28 text-sm">
      <span className="grid size-28 place-items-center overflow-hidden rounded-lg border border-line bg-sunken">
        {thumbnail ? (
          <img ref={picture} alt={file.caption ?? file.name} className="size-full object-cover" />
        ) : (
          <span className="p-1 text-center break-all">{file.name}</span>
        )}
      </span>
      <span
        className={
          file.state === 'sent'
            ? 'text-conforming'
            : file.state === 'refused'
              ? 'text-critical'
              : 'text-minor'
        }
      >
        {stands}
      </span>
      <Caption caption={file.caption} {...(open && { onSave: (caption) => device.caption(file, caption) })} />
      {file.trouble && (
        <div role="alert" className="text-critical">
          <p>{t(FILE_FIX[file.trouble?.code ?? ''] ?? fixOf(file.trouble?.code))}</p>
          <code dir="ltr" className="text-xs break-all">
            {file.trouble?.code}
          </code>
          {file.state === 'refused' && (
            <Button
              look="quiet"
              onClick={() =>
                void device.changeFile(file, { state: 'waiting', trouble: null }).then(() => device.wake())
              }
            >
              {t('checklist.refused.again')}
            </Button>
          )}
        </div>
      )}
      {open && (
        <Confirm
          label={t('checklist.photo.remove')}
          title={t('checklist.photo.remove')}
          question={t('checklist.photo.removeAsk', { name: file.name })}
          confirm={t('checklist.photo.remove')}
          look="quiet"
          onConfirm={() => device.removeFile(file)}
        />
      )}
    </li>
  );
}

/** What a picture shows, in words: below it, and to be written where it may change. */
function Caption({
  caption,
  onSave,
}: {
  caption: string | null;
  onSave?: (caption: string | null) => Promise<unknown>;
}) {
  const { t } = useI18n();
  return (
    <>
      {caption && (
        <p className="wrap-anywhere">
          <Text>{caption}</Text>
        </p>
      )}
      {onSave && (
        <FormDialog
          label={t('checklist.photo.caption')}
          look="quiet"
          className=""
          submit={t('common.save')}
          onSubmit={({ caption: typed = '' }) => onSave(typed.trim() || null)}
        >
          <TextField
            multiline
            label={t('checklist.photo.captionLabel')}
            name="caption"
            defaultValue={caption ?? ''}
            maxLength={2000}
          />
        </FormDialog>
      )}
    </>
  );
}

const FILE_FIX: Readonly<
  Record<string, 'checklist.photo.kind' | 'checklist.photo.quota' | 'checklist.photo.lost'>
> = {
  'evidence-type-not-allowed': 'checklist.photo.kind',
  'evidence-damaged': 'checklist.photo.kind',
  'evidence-quota-exceeded': 'checklist.photo.quota',
  'evidence-too-many': 'checklist.photo.quota',
  'file-lost': 'checklist.photo.lost',
};
