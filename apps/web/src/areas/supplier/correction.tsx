import { EVIDENCE_LIMIT } from '#domain/evidence';
import { useState } from 'react';
import { call, type Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Text } from '#web/ui/basics';
import { Confirm, FormDialog } from '#web/ui/dialog';
import { FileChooser } from '#web/ui/file-chooser';
import { Files } from '#web/ui/files';
import { TextField } from '#web/ui/form';
import { Icon } from '#web/ui/icons';
import { ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';

type Finding = Schema<'FindingRow'>;

/** What was handed in as put right of a finding, what became of it, and handing in the next. */
export function Corrections({
  finding,
  acts,
}: {
  finding: Finding;
  /** By whom one may be handed in here: the business itself, or a mentor for it. */
  acts: 'business' | 'mentor' | undefined;
}) {
  const { t, day } = useI18n();
  const takeBack = useWrite('delete', '/api/v1/assessments/{id}/findings/{findingId}/correction');
  const { corrections } = finding;
  const last = corrections.at(-1);
  const stands = (one: Schema<'CorrectionRow'>): string => {
    switch (one.state) {
      case 'draft':
        return t('supplier.find.begun');
      case 'handed-in':
        return t('supplier.find.waiting', { day: day(one.handedInAt!) });
      case 'accepted':
        return t('supplier.find.accepted', { day: day(one.decidedAt!) });
      case 'refused':
        return t('supplier.find.refused', { day: day(one.decidedAt!) });
    }
  };
  return (
    <>
      {corrections.map((one) => (
        <div key={one.id} className="mt-2 rounded-lg bg-sunken p-3">
          <p className="font-semibold">{stands(one)}</p>
          {one.reason && (
            <p className="mt-1">
              <Text>{one.reason}</Text>
            </p>
          )}
          <p className="mt-1 text-soft">
            <Text>{one.note}</Text>
          </p>
          <Files files={one.evidence} preparing={(name) => t('supplier.find.filePreparing', { name })} />
        </div>
      ))}
      {acts && !finding.closedOn && (
        <div className="no-print mt-2 flex flex-wrap gap-2">
          {last?.state !== 'handed-in' && <HandIn finding={finding} last={last} by={acts} />}
          {(last?.state === 'draft' || last?.state === 'handed-in') && (
            <Confirm
              label={t('supplier.find.takeBack')}
              look="quiet"
              title={t('supplier.find.takeBack')}
              question={t('supplier.find.takeBackText')}
              confirm={t('supplier.find.takeBack')}
              onConfirm={() =>
                takeBack.mutateAsync({
                  params: { path: { id: finding.assessmentId, findingId: finding.id } },
                })
              }
            />
          )}
        </div>
      )}
    </>
  );
}

/**
 * The form of a correction. What is said is kept first, then its files one after the other, then all of it is handed in: what
 * breaks off in between is there when it is gone on with.
 */
function HandIn({
  finding,
  last,
  by,
}: {
  finding: Finding;
  last: Schema<'CorrectionRow'> | undefined;
  by: 'business' | 'mentor';
}) {
  const { t, number, percent } = useI18n();
  const [files, setFiles] = useState<readonly File[]>([]);
  const [large, setLarge] = useState<readonly File[]>([]);
  const [sending, setSending] = useState<{ name: string; part: number } | null>(null);
  const write = useWrite('put', '/api/v1/assessments/{id}/findings/{findingId}/correction');
  const handIn = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/correction/hand-in');
  const remove = useWrite('delete', '/api/v1/evidence/{id}');
  const params = { path: { id: finding.assessmentId, findingId: finding.id } };
  const draft = last?.state === 'draft' ? last : undefined;
  const add = (chosen: readonly File[]): void => {
    setLarge(chosen.filter(({ size }) => size > EVIDENCE_LIMIT));
    setFiles((before) => [...before, ...chosen.filter(({ size }) => size <= EVIDENCE_LIMIT)]);
  };
  return (
    <FormDialog
      label={t(
        draft
          ? 'supplier.find.goOn'
          : last
            ? 'supplier.find.again'
            : by === 'mentor'
              ? 'supplier.find.correctFor'
              : 'supplier.find.correct',
      )}
      look="primary"
      className=""
      lead={<p className="mb-4">{t('supplier.find.correctLead')}</p>}
      submit={t('supplier.find.handIn')}
      onSubmit={async ({ note }) => {
        const { id } = await write.mutateAsync({ params, body: { note: note! } });
        try {
          for (const file of files) {
            const told = (there: number): void => setSending({ name: file.name, part: there / file.size });
            told(0);
            await send(finding.assessmentId, id, file, told);
            setFiles((before) => before.filter((each) => each !== file));
          }
        } finally {
          setSending(null);
        }
        await handIn.mutateAsync({ params });
        toast(t('supplier.find.handedIn'));
      }}
    >
      <TextField
        label={t('supplier.find.correctNote')}
        name="note"
        multiline
        required
        maxLength={4000}
        defaultValue={draft?.note}
      />
      {(draft || files.length > 0) && (
        <ul className="grid gap-1">
          {draft?.evidence.map(({ id, state, fileName }, n) => {
            const name = fileName ?? number(n + 1);
            return (
              <Named
                key={id}
                name={state === 'awaited' ? t('supplier.find.fileBroken', { name }) : name}
                onRemove={() => void remove.mutateAsync({ params: { path: { id } } }).catch(() => undefined)}
              />
            );
          })}
          {files.map((file) => (
            <Named
              key={`${file.name} ${file.size} ${file.lastModified}`}
              name={file.name}
              onRemove={() => setFiles((before) => before.filter((each) => each !== file))}
            />
          ))}
        </ul>
      )}
      {remove.error && <ProblemBox error={remove.error} />}
      <div className="flex flex-wrap gap-2">
        <FileChooser label={t('supplier.find.photo')} camera onChoose={add} />
        <FileChooser label={t('supplier.find.choose')} onChoose={add} />
      </div>
      {large.length > 0 && (
        <p role="alert" className="rounded-lg bg-critical-bg p-3 text-critical">
          {t('supplier.find.fileLarge', {
            name: large.map(({ name }) => name).join(', '),
            mb: EVIDENCE_LIMIT / 1024 / 1024,
          })}
        </p>
      )}
      {sending && (
        <p role="status">
          {t('supplier.find.fileSending', {
            name: sending.name,
            part: percent(sending.part),
          })}
        </p>
      )}
    </FormDialog>
  );
}

/** A file by its name, to be left out again. */
function Named({ name, onRemove }: { name: string; onRemove: () => void }) {
  const { t } = useI18n();
  return (
    <li className="flex items-center gap-2">
      <span className="min-w-0 grow break-all">
        <Text>{name}</Text>
      </span>
      <button
        type="button"
        aria-label={t('supplier.find.fileRemove', { name })}
        onClick={onRemove}
        className="grid size-11 shrink-0 place-items-center rounded-lg hover:bg-sunken"
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

/** Declares a file as evidence of a correction, and sends what of it isn't there. */
async function send(
  assessmentId: string,
  correctionId: string,
  file: File,
  told: (there: number) => void,
): Promise<void> {
  const { sha256Of, upload } = await import('#web/device/upload');
  const { uploadUrl } = await call('post', '/api/v1/assessments/{id}/evidence', {
    params: { path: { id: assessmentId } },
    body: {
      sha256: await sha256Of(await file.arrayBuffer()),
      size: file.size,
      correctionId,
      fileName: file.name.slice(0, 200) || 'photo',
      capturedAt: new Date(file.lastModified || Date.now()).toISOString(),
    },
  });
  if (uploadUrl) await upload(file, location.origin + uploadUrl, told);
}
