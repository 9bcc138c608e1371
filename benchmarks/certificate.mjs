import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import QRCode from 'qrcode';
import { certificatePdf } from '#reporting';
import { certificateModel } from '../dist/libs/reporting/src/certificate.js';
import { interleave, ratios, spread, timed } from './support/measure.mjs';

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const ROUNDS = 25;

/** The certificate as PDF/A-3 with its attachment, against a warm Chromium printing a page that says the same. */
export default async function certificate() {
  if (!existsSync(CHROMIUM)) return { rows: [], skipped: `there is no ${CHROMIUM} (set CHROMIUM_PATH)` };
  const view = JSON.parse(
    readFileSync(new URL('../test/cases/reporting/certificate.en.json', import.meta.url), 'utf8'),
  );
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions'],
  });
  try {
    const page = await browser.newPage();
    // Another certificate each time, of another site with another result: Typst keeps what it has laid out, and nobody
    // prints the same one over and over. What is left the same is the same within a programme: fixed words, the
    // checklist, the issuer.
    let made = 0;
    const another = () => {
      made += 1;
      const { subject, assessment, asFound, afterClosure } = view;
      const number = `${view.number}-${made}`;
      const day = (month) => `2026-${month}-${String(1 + (made % 28)).padStart(2, '0')}`;
      return {
        ...view,
        number,
        verifyUrl: `${view.verifyUrl}-${made}`,
        subject: {
          organisation: `${subject.organisation} ${made}`,
          site: `${subject.site} ${made}`,
          address: `${made} ${subject.address}`,
          gln: String(Number(subject.gln) + made),
        },
        scope: `${view.scope} ${made}`,
        assessment: { ...assessment, dates: [day('10')], assessor: `${assessment.assessor} ${made}` },
        asFound: { ...asFound, points: made % 90, conforming: made % 40, minor: made },
        afterClosure: { ...afterClosure, points: 90 + (made % 10), minor: made },
        reviewer: `${view.reviewer} ${made}`,
        issuedOn: day('11'),
        reportHash: createHash('sha256').update(number).digest('hex'),
        attachment: { name: `${number}.json`, json: view.attachment.json.replaceAll(view.number, number) },
      };
    };
    const ours = () => certificatePdf(another(), 'en');
    const theirs = async () => {
      await page.setContent(await html(another()), { waitUntil: 'load' });
      return page.pdf({ format: 'A4', printBackground: true });
    };
    const sizes = [await ours(), await theirs()].map((bytes) => {
      if (Buffer.from(bytes).subarray(0, 5).toString() !== '%PDF-') throw new Error('No PDF.');
      return `${Math.round(bytes.length / 1024)} KB`;
    });
    const sides = await interleave({
      rounds: ROUNDS,
      warmups: 5,
      subject: () => timed(ours),
      reference: () => timed(theirs),
    });
    const ratio = ratios({ subject: sides.reference, reference: sides.subject });
    return {
      rows: [
        {
          name: 'certificate PDF',
          subject: spread(sides.subject, 'ms'),
          reference: `Chromium: ${spread(sides.reference, 'ms')}`,
          ratio,
          aim: '≥ 8×',
          met: ratio.median >= 8,
        },
      ],
      notes: [`PDF of ${sizes[0]}, Chromium's ${sizes[1]}`],
    };
  } finally {
    await browser.close();
  }
}

const escaped = (text) => String(text ?? '').replace(/[&<>"]/g, (c) => `&#${c.codePointAt(0)};`);

async function html(view) {
  const model = certificateModel(view, 'en');
  const qr = await QRCode.toString(view.verifyUrl, { type: 'svg', margin: 0, errorCorrectionLevel: 'M' });
  const facts = (list) =>
    `<dl>${list.map(({ label, text }) => `<dt>${escaped(label)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(model.number)}</title>
<style>
  @page { size: A4; margin: 9mm }
  body { font: 9pt 'Noto Sans', sans-serif; border: 1.6pt solid #14532d; outline: .5pt solid #a98b4a; outline-offset: -3mm; padding: 12mm; margin: 0 }
  h1 { font-size: 25pt; color: #14532d; text-align: center; margin: 0 } .centre { text-align: center } h2 { font-size: 16pt; margin: 4mm 0 1mm }
  dl { display: grid; grid-template-columns: 40mm 1fr; gap: 1mm 4mm; margin: 3mm 0 } dt { color: #555 } dd { margin: 0 }
  .results { display: grid; grid-template-columns: 1fr 1fr; gap: 5mm } .results div { border: .5pt solid #999; padding: 3mm } svg { width: 28mm; height: 28mm } small { color: #555 }
</style>
<p class="centre">${escaped(model.issuer)}</p><h1>${escaped(model.t.certificate)}</h1><p class="centre">${escaped(model.number)}</p>
<div class="centre"><h2>${escaped(model.organisation)}</h2><p>${escaped(model.site)}<br>${escaped(model.address)}<br>${escaped(model.gln)}</p><p>${escaped(model.against)}<br>${escaped(model.programme)}</p></div>
${facts(model.subjectFacts)}${facts(model.assessmentFacts)}
<div class="results">${model.results
    .map(
      (result) =>
        `<div><b>${escaped(result.title)}</b><p>${escaped(result.verdict)} · ${escaped(result.points)}</p><p>${escaped(result.conform)}<br>${escaped(result.findings)}</p></div>`,
    )
    .join('')}</div>
${facts(model.dates)}<p>${escaped(model.independence)}</p>${facts(model.about)}
${qr}<p>${escaped(model.verifyUrl)}</p><small>${escaped(model.reportHash)}<br>${escaped(model.disclaimer)}<br>${escaped(model.attachedNote)}</small></html>`;
}
