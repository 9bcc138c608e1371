import { noteOf } from '#domain/sync';
import { useId, useRef, useState } from 'react';
import { useMe } from '#web/api/session';
import { valueOf } from '#web/device/answers';
import { keepFile } from '#web/device/files';
import { useI18n } from '#web/i18n';
import { Button } from '#web/ui/basics';
import { Unsaved } from './item';
import { type Checklist, type Item, useAnswerTitle } from './model';

/** Width of the sheet in pixels: read on paper and on a phone. */
const WIDTH = 1240;
const MARGIN = 60;

/**
 * The findings were read back; both sides sign on the screen. What they sign becomes one sheet, a picture, kept as evidence of
 * the assessment: what was read, by whom, when. A typed name is as good as a drawn one, for whoever can't draw.
 */
export function ReadBack({ checklist, findings }: { checklist: Checklist; findings: readonly Item[] }) {
  const { t, moment, dir, day } = useI18n();
  const { device, taken, progress } = checklist;
  const { pack } = taken;
  const me = useMe();
  const title = useAnswerTitle(pack);
  const assessor = useRef<HTMLCanvasElement>(null);
  const supplier = useRef<HTMLCanvasElement>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const name = useId();

  const sign = async (form: HTMLFormElement): Promise<void> => {
    const values = new FormData(form);
    const who = String(values.get('name')).trim();
    const part = String(values.get('part')).trim();
    setBusy(true);
    setDone(false);
    setError(null);
    try {
      const picture = await sheet(dir, [
        { text: t('checklist.sign.sheet'), size: 44, bold: true },
        { text: `${pack.site.supplier} – ${pack.site.name}`, size: 32 },
        {
          text: `${t(`common.assessmentKind.${pack.assessment.kind}`)} – ${day(pack.assessment.assessedOn)} – ${pack.checklist.title} ${pack.checklist.version}`,
          size: 26,
        },
        { text: t('checklist.answered', { n: progress.answered, of: progress.total }), size: 26 },
        {
          text: t('checklist.review.findings', { n: findings.length, of: progress.total }),
          size: 30,
          bold: true,
        },
        ...findings.flatMap(({ requirement, own, note }) => [
          {
            text: `${requirement.code} – ${title(valueOf(own)?.answer ?? '')} – ${requirement.question}`,
            size: 24,
          },
          ...(noteOf(note.current) ? [{ text: noteOf(note.current)!, size: 22 }] : []),
        ]),
        { text: t('checklist.sign.statement'), size: 26, bold: true },
        {
          text: t('common.labelled', { label: t('checklist.sign.assessor'), value: me.name }),
          size: 26,
          drawn: assessor.current!,
        },
        {
          text: t('common.labelled', {
            label: t('checklist.sign.supplier'),
            value: [who, part].filter(Boolean).join(' – '),
          }),
          size: 26,
          drawn: supplier.current!,
        },
        { text: moment(new Date().toISOString()), size: 22 },
      ]);
      await keepFile(
        device,
        pack.assessment.id,
        null,
        new File([picture], `closing-meeting-${new Date().toISOString().slice(0, 10)}.png`, {
          type: 'image/png',
        }),
      );
      setDone(true);
      form.reset();
      for (const each of [assessor, supplier]) clear(each.current!);
    } catch (reason) {
      setError(reason);
    }
    setBusy(false);
  };
  return (
    <form
      className="mb-4 grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void sign(event.currentTarget);
      }}
    >
      <p className="max-w-prose">{t('checklist.sign.lead')}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <div className="grid content-start gap-2">
          <p className="font-medium">
            {t('checklist.sign.assessor')}: <bdi>{me.name}</bdi>
          </p>
          <Pad canvas={assessor} label={t('checklist.sign.padAssessor')} />
        </div>
        <div className="grid content-start gap-2">
          <label htmlFor={name} className="font-medium">
            {t('checklist.sign.name')}
          </label>
          <input
            id={name}
            name="name"
            required
            maxLength={120}
            autoComplete="off"
            className="min-h-11 rounded-lg border border-edge bg-panel px-3"
          />
          <label htmlFor={`${name}-part`} className="font-medium">
            {t('checklist.sign.part')}
          </label>
          <input
            id={`${name}-part`}
            name="part"
            maxLength={120}
            autoComplete="off"
            className="min-h-11 rounded-lg border border-edge bg-panel px-3"
          />
          <Pad canvas={supplier} label={t('checklist.sign.padSupplier')} />
        </div>
      </div>
      <label className="flex min-h-11 items-center gap-3">
        <input type="checkbox" name="agreed" required className="size-5 shrink-0 accent-brand" />
        <span>{t('checklist.sign.statement')}</span>
      </label>
      {error !== null && <Unsaved error={error} />}
      <div>
        <Button type="submit" busy={busy}>
          {t('checklist.sign.do')}
        </Button>
        <p role="status" className="mt-1 text-conforming">
          {done && t('checklist.sign.done')}
        </p>
      </div>
    </form>
  );
}

const clear = (canvas: HTMLCanvasElement): void =>
  canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height);

/** Where somebody signs with a finger or a pen; optional, because the name beside it is enough. */
function Pad({ canvas, label }: { canvas: React.RefObject<HTMLCanvasElement | null>; label: string }) {
  const { t } = useI18n();
  const at = (event: React.PointerEvent<HTMLCanvasElement>): [number, number] => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    return [
      ((event.clientX - left) / width) * event.currentTarget.width,
      ((event.clientY - top) / height) * event.currentTarget.height,
    ];
  };
  return (
    <div>
      <canvas
        ref={canvas}
        width={600}
        height={200}
        role="img"
        aria-label={label}
        // A signature is dark on white in both themes, as on the sheet.
        className="w-full touch-none rounded-lg border border-edge bg-[white]"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const context = event.currentTarget.getContext('2d')!;
          context.lineWidth = 4;
          context.lineCap = context.lineJoin = 'round';
          context.strokeStyle = '#111';
          context.beginPath();
          context.moveTo(...at(event));
        }}
        onPointerMove={(event) => {
          if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
          const context = event.currentTarget.getContext('2d')!;
          context.lineTo(...at(event));
          context.stroke();
        }}
      />
      <Button look="quiet" onClick={() => clear(canvas.current!)}>
        {t('checklist.sign.clear')}
      </Button>
    </div>
  );
}

interface Line {
  readonly text: string;
  readonly size: number;
  readonly bold?: boolean;
  /** A signature below it. */
  readonly drawn?: HTMLCanvasElement;
}

/** Draws lines of text, broken to the width, as a PNG. */
async function sheet(dir: 'ltr' | 'rtl', lines: readonly Line[]): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  const font = ({ size, bold }: Line): string => `${bold ? '600 ' : ''}${size}px system-ui, sans-serif`;
  const broken = (context: CanvasRenderingContext2D, line: Line): string[] => {
    context.font = font(line);
    const rows = [''];
    for (const word of line.text.split(/\s+/)) {
      const longer = `${rows.at(-1)!} ${word}`.trim();
      if (context.measureText(longer).width <= WIDTH - 2 * MARGIN) rows[rows.length - 1] = longer;
      else rows.push(word);
    }
    return rows;
  };
  const measure = canvas.getContext('2d')!;
  const rows = lines.map((line) => broken(measure, line));
  const height = lines.reduce(
    (sum, line, n) => sum + rows[n]!.length * line.size * 1.4 + 14 + (line.drawn ? 200 : 0),
    2 * MARGIN,
  );
  // What is longer than the server keeps would be made smaller there; a phone's canvas ends there, too.
  canvas.height = Math.min(4096, Math.ceil(height));
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, WIDTH, canvas.height);
  const scale = Math.min(1, canvas.height / height);
  context.scale(scale, scale);
  context.direction = dir;
  context.textAlign = 'start';
  context.textBaseline = 'top';
  let y = MARGIN;
  lines.forEach((line, n) => {
    context.fillStyle = '#111';
    context.font = font(line);
    for (const row of rows[n]!) {
      context.fillText(row, dir === 'rtl' ? WIDTH - MARGIN : MARGIN, y);
      y += line.size * 1.4;
    }
    if (line.drawn) {
      context.drawImage(line.drawn, dir === 'rtl' ? WIDTH - MARGIN - 480 : MARGIN, y, 480, 160);
      y += 200;
    }
    y += 14;
  });
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('no picture'))), 'image/png'),
  );
}
