import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chart, renderChart } from './charts.js';
import { breakLines, waterfallChartOption } from './chart-options.js';
import {
  LOCALES,
  GAP_REPORT_BYTES,
  certificatePdf,
  cohortReportPdf,
  gapReportPdf,
  renderCohortReportHtml,
  renderGapReportHtml,
  renderMail,
  renderVerificationHtml,
  type CertificateView,
  type CohortReportView,
  type ExceptionLine,
  type GapReportView,
  type Locale,
  type VerificationView,
} from './index.js';
import { certificateModel } from './certificate.js';
import { messages } from './messages/index.js';
import { packageRoot } from './resources.js';
import { speech } from './speech.js';

/** What there is in a language; for the others the English one, its checklist marked as fallen back. */
function sample<View>(name: string, locale: Locale): View {
  const path = (language: Locale) => join(packageRoot(), 'test/cases/reporting', `${name}.${language}.json`);
  const own = existsSync(path(locale));
  const text = readFileSync(path(own ? locale : 'en'), 'utf8');
  return JSON.parse(text, (key, value) =>
    !own && /[cC]hecklist$/.test(key) && typeof value === 'object' ? { ...value, fallback: 'en' } : value,
  ) as View;
}

/** A name that is markup in HTML, Typst, Handlebars and ECharts alike. */
const NASTY =
  '<script>alert(1)</script> #let x = 1 *bold* $x$ _under_ \\back {{no}} {b} "q" & \'s\' @ref `code` //c';
const ESCAPED = '&lt;script&gt;';

const scratch = mkdtempSync(join(tmpdir(), 'uplift-reporting-'));

function tool(name: string, ...args: string[]): string | null {
  try {
    return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      process.stderr.write(`${name} is not installed: that part of the check is skipped\n`);
      return null;
    }
    throw error;
  }
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

/** Text without the white space that line breaks put in. */
const packed = (text: string): string => text.replace(/\s+/g, '');

describe('words', () => {
  it('have the same blanks in every language', () => {
    const blanks = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
    for (const locale of LOCALES) {
      for (const [key, phrase] of Object.entries(messages.en)) {
        const other = messages[locale][key as keyof typeof messages.en];
        const pick = (value: string | { other: string }) => (typeof value === 'string' ? value : value.other);
        expect([locale, key, blanks(pick(other))]).toEqual([locale, key, blanks(pick(phrase))]);
      }
    }
  });

  it('carry every plural form the language asks for', () => {
    for (const locale of LOCALES) {
      const rules = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
      for (const phrase of Object.values(messages[locale])) {
        if (typeof phrase === 'string') continue;
        const needed = rules
          .filter((rule) => rule !== 'many' || ['ar', 'ru'].includes(locale))
          .filter((rule) => rule !== 'zero');
        expect(Object.keys(phrase)).toEqual(expect.arrayContaining(needed));
      }
    }
  });

  it('write numbers and dates as the language does', () => {
    expect(speech('es').points(74.25)).toBe('74,3 puntos');
    expect(speech('en').count('gapsCount', 1)).toBe('1 gap');
    expect(speech('ar').count('gapsCount', 3)).toBe('٣ فجوات');
    expect(speech('ar').count('gapsCount', 2)).toBe('فجوتان');
    expect(speech('ar').date('2026-09-14')).toBe('١٤ سبتمبر ٢٠٢٦');
    expect(speech('en').signedPoints(-3)).toBe('−3.0 points');
    expect(speech('fr').points(74.25)).toBe('74,3 points');
    expect([1, 3, 5, 1.5].map((n) => speech('ru').points(n))).toEqual([
      '1 балл',
      '3 балла',
      '5 баллов',
      '1,5 балла',
    ]);
    expect(speech('hi').date('2026-09-14')).toBe('14 सितंबर 2026');
  });

  it('never leave a blank unfilled', () => {
    expect(() => speech('en').say('printed')).toThrow('"date" is missing');
  });
});

describe('gap report', () => {
  it.each(LOCALES)('%s: one page, no script, nothing from outside, the right direction', async (locale) => {
    const view = sample<GapReportView>('gap-report', locale);
    const html = renderGapReportHtml(view, locale, { nonce: 'abc' });
    if (view.checklist.fallback) {
      const text = tool('pdftotext', file('gap.pdf', await gapReportPdf(view, locale)), '-');
      const said = speech(locale).say('contentIn', { language: speech(locale).language('en') });
      if (text !== null) expect(packed(text).split(packed(said))).toHaveLength(3);
    }
    expect(html).toContain(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`);
    expect(html.match(/<style/g)).toHaveLength(1);
    expect(html).toContain('<style nonce="abc">');
    expect(html).not.toMatch(/<script|<link|<img|src=|url\(| style="/);
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html).toContain('@media print');
  });

  it('says counts with their denominators, what is blocked, the edition and the disclaimer', () => {
    const html = renderGapReportHtml(sample('gap-report', 'en'), 'en');
    expect(html).toContain(
      'aria-label="34 of 45 conform; 5 partly; 6 do not; 3 not applicable; 0 unanswered"',
    );
    expect(html).toContain('45 of 48 requirements apply to this site');
    expect(html).toContain('10 requirements are missing');
    expect(html).toContain('href="#PP-WATER-01"');
    expect(html).toContain('id="PP-WATER-01"');
    expect(html).toContain('not issued'.replace('n', 'N'));
    expect(html).toContain(
      'Unaccredited assessment against Global Markets support programme, edition 1, Basic.',
    );
    expect(renderGapReportHtml(sample('gap-report', 'es'), 'es')).toContain('traducción no oficial');
    expect(renderGapReportHtml(sample('gap-report', 'ar'), 'ar')).toContain('ترجمة غير رسمية');
  });

  it.each(LOCALES)('%s: 55 gaps with notes and two buyers each stay under 30 kB', (locale) => {
    const view = sample<GapReportView>('gap-report', locale);
    const gaps = Array.from({ length: 55 }, (_, index) => ({
      ...view.gaps[index % view.gaps.length]!,
      requirement: `PP-LONG-${index}`,
      blocks: view.gaps[0]!.blocks,
    }));
    const missing = gaps.map((gap) => gap.requirement);
    const buyers = view.buyers.map((buyer, index) => (index < 2 ? { ...buyer, missing } : buyer));
    const html = renderGapReportHtml({ ...view, gaps, buyers }, locale);
    process.stdout.write(`gap report, ${locale}, 55 gaps: ${Buffer.byteLength(html)} bytes\n`);
    expect(html.match(/id="PP-LONG-/g)).toHaveLength(55);
    expect(Buffer.byteLength(html)).toBeLessThan(GAP_REPORT_BYTES);
  });

  it.each(LOCALES)('%s: 182 gaps come in parts, each under 30 kB, none of them left out', (locale) => {
    const view = sample<GapReportView>('gap-report', locale);
    const gaps = Array.from({ length: 182 }, (_, index) => ({
      ...view.gaps[index % view.gaps.length]!,
      requirement: `PP-LONG-${index}`,
    }));
    const missing = gaps.map((gap) => gap.requirement);
    const long = { ...view, gaps, buyers: view.buyers.map((buyer) => ({ ...buyer, missing })) };
    const sizes: number[] = [];
    const codes: string[] = [];
    for (let part = 1; ; part += 1) {
      const html = renderGapReportHtml(long, locale, { nonce: 'x'.repeat(24), part });
      sizes.push(Buffer.byteLength(html));
      codes.push(...[...html.matchAll(/<li id="(PP-LONG-\d+)"/g)].map(([, code]) => code!));
      expect(html).toContain('aria-current="page"');
      if (!html.includes(`&#x3D;${part + 1}"`)) break;
    }
    process.stdout.write(`gap report, ${locale}, 182 gaps: ${sizes.join(' + ')} bytes\n`);
    expect(Math.max(...sizes)).toBeLessThan(GAP_REPORT_BYTES);
    expect(codes).toHaveLength(182);
    expect(new Set(codes).size).toBe(182);
  });

  it('the longest notes there can be are shown whole', () => {
    const view = sample<GapReportView>('gap-report', 'en');
    const note = 'क'.repeat(4000);
    const long = { ...view, gaps: view.gaps.map((gap) => ({ ...gap, note })) };
    const parts = view.gaps.map((_, n) => renderGapReportHtml(long, 'en', { part: n + 1 }));
    for (const html of parts) expect(Buffer.byteLength(html)).toBeLessThan(GAP_REPORT_BYTES);
    expect(new Set(parts.flatMap((html) => html.match(/<li id="[^"]+"/g))).size).toBe(view.gaps.length);
  });

  it.each(['fr', 'ru', 'hi'] as const)(
    '%s: every word of ours is in the language, and it says in which the checklist is',
    (locale) => {
      const view = sample<GapReportView>('gap-report', 'ar');
      const exceptions = [
        { rule: 'assessor-is-coach', reason: 'ب', recordedOn: '2026-09-01', from: '2026-01-01', until: null },
      ] as const;
      const html = renderGapReportHtml(
        { ...view, exceptions, checklist: { ...view.checklist, fallback: 'ar' } },
        locale,
      );
      expect(html).toContain(speech(locale).say('contentIn', { language: speech(locale).language('ar') }));
      expect(html).toMatch(/<p lang="ar">/);
      const words = html.replace(
        /<style[^]*?<\/style>|<nav[^]*?<\/nav>|<[^>]+>|PP-[A-Z0-9-]+|A-2026-\d+|GFSI|EGP|Delta Foods|&\w+;|&#x\w+;/g,
        ' ',
      );
      const english = locale === 'fr' ? /\b(the|of|and|is|not|to)\b/i : /[A-Za-z]{3,}/;
      expect(english.exec(words)?.[0]).toBeUndefined();
    },
  );

  it('tells "not scorable" and "not rated" from zero', () => {
    const view = sample<GapReportView>('gap-report', 'en');
    const none = { total: 3, conforming: 0, partly: 0, nonconforming: 0, notApplicable: 3, notAssessed: 0 };
    const html = renderGapReportHtml(
      {
        ...view,
        result: { verdict: 'not-scorable', points: null, counts: none },
        sections: [{ code: 'A', title: 'Records', counts: none, points: null }],
        gaps: [],
        firstSteps: [],
        cheapestPath: null,
      },
      'en',
    );
    expect(html).toContain('Not scorable');
    expect(html).toContain('<p>Records <i>0 of 0 conform</i> <b>not rated</b></p>');
    expect(html).not.toContain('0 points');
    expect(html).toContain('No requirement applies to this site');
    expect(html).toContain('Too little applies or was answered to say what is missing.');
    expect(html).not.toContain('Nothing is missing');
  });

  it('prints markup in names literally, in HTML and PDF', async () => {
    const view = sample<GapReportView>('gap-report', 'en');
    const nasty = {
      ...view,
      subject: { ...view.subject, site: NASTY, organisation: NASTY },
      gaps: [{ ...view.gaps[0]!, question: NASTY, note: NASTY, blocks: [NASTY] }],
    };
    const html = renderGapReportHtml(nasty, 'en');
    expect(html).not.toContain('<script');
    expect(html).toContain(ESCAPED);
    expect(html).toContain('{{no}}');
    const text = tool('pdftotext', file('gap.pdf', await gapReportPdf(nasty, 'en')), '-');
    if (text !== null) expect(packed(text).split(packed(NASTY)).length - 1).toBeGreaterThanOrEqual(5);
  });
});

describe('cohort report', () => {
  it('shows every figure with its n, and claims apart', () => {
    const html = renderCohortReportHtml(sample<CohortReportView>('cohort-report', 'en'), 'en');
    expect(html).toContain('+20.1 points');
    expect(html).toContain('n &#x3D; 14');
    for (const words of [
      'Change of means',
      'Mean of relative changes',
      'Normalised gain',
      'Median',
      'IQR',
      'Standard deviation',
    ]) {
      expect(html).toContain(words);
    }
    expect(html).toContain('4 of 18 enrolled sites have no matched pair.');
    expect(html).toContain('Left: no staff time');
    const claims = html.slice(html.indexOf('class="claims"'));
    expect(claims).toContain('Claims reported elsewhere – not computed here');
    expect(claims).toContain('+13.6 %');
    expect(html.indexOf('+45 %')).toBeGreaterThan(html.indexOf('class="claims"'));
  });

  it.each(LOCALES)(
    '%s: three charts, no style attribute, no script; the same words on paper',
    async (locale) => {
      const view = sample<CohortReportView>('cohort-report', locale);
      const html = renderCohortReportHtml(view, locale);
      expect(html.match(/<svg xmlns/g)).toHaveLength(3);
      const text = tool('pdftotext', file('cohort.pdf', await cohortReportPdf(view, locale)), '-');
      // The labels of a chart, too: signs of Devanagari once lay on top of one another there.
      if (text !== null && locale !== 'ar')
        for (const word of [
          ...messages[locale].noControl.split(' '),
          ...messages[locale].partReal.split(' '),
        ])
          expect(packed(text)).toContain(packed(word));
      expect(html).not.toMatch(/<script| style="|<image|href="http/);
      if (locale === 'ar') expect(html).toContain('dir="rtl"');
    },
  );

  it('prints markup in section titles literally, in the charts too', async () => {
    const view = sample<CohortReportView>('cohort-report', 'en');
    const nasty = {
      ...view,
      cohort: NASTY,
      sections: [{ title: '<script>x</script> {b} #y', n: 3, baseline: 10, followUp: 20 }],
      claims: [{ figure: '<b>+45 %</b>', statement: NASTY, unit: NASTY, source: NASTY }],
    };
    const html = renderCohortReportHtml(nasty, 'en');
    expect(html).not.toMatch(/<script|<b>\+45/);
    expect(html).toContain('{b}');
    const text = tool('pdftotext', file('cohort.pdf', await cohortReportPdf(nasty, 'en')), '-');
    if (text !== null) expect(packed(text)).toContain(packed(NASTY));
  });

  it('does without the parts that are not computed', async () => {
    const view = sample<CohortReportView>('cohort-report', 'en');
    const bare: CohortReportView = {
      ...view,
      n: { enrolled: 4, baseline: 3, followUp: 0, matched: 0 },
      baselineMean: null,
      followUpMean: null,
      change: {
        points: { value: null, n: 0 },
        ofMeansPercent: { value: null, n: 0 },
        meanOfRelativePercent: { value: null, n: 0 },
        normalised: { value: null, n: 0 },
        median: null,
        q1: null,
        q3: null,
        sd: null,
      },
      direction: { improved: 0, same: 0, worse: 0, tolerance: 1 },
      parts: null,
      distribution: [],
      sections: [],
      people: null,
      claims: [],
      attrition: [],
      daysBetween: null,
    };
    expect(renderCohortReportHtml(bare, 'en')).toContain('not computed');
    expect((await cohortReportPdf(bare, 'en')).length).toBeGreaterThan(1000);
  });

  it('refuses to pass through anything but our own charts', () => {
    expect(() => renderChart({ option: {}, width: 1, height: 1, title: '' })).toThrow('only our own charts');
  });

  it('lets the parts of the waterfall follow one another down to the headline', () => {
    const theme = { dir: 'ltr' as const, font: 'x', number: String, signed: String };
    const option = waterfallChartOption(
      [
        { label: 'a', value: -4 },
        { label: 'b', value: 1 },
        { label: 'sum', value: -3, total: true },
      ],
      theme,
    );
    expect((option.series as { data: number[][] }[])[0]!.data).toEqual([
      [0, 0, -4],
      [1, -4, -3],
      [2, 0, -3],
    ]);
    expect(renderChart(new Chart(option, 300, 200, 'x'))).toContain('viewBox="0 0 300 200"');
    expect(breakLines('one two three four', 30)).toBe('one\ntwo\nthree…');
  });
});

describe('certificate', () => {
  it.each(LOCALES)('%s: one page, PDF/A-3b, the statement attached', async (locale) => {
    const view = sample<CertificateView>('certificate', locale);
    const path = file(`certificate.${locale}.pdf`, await certificatePdf(view, locale));
    const info = tool('pdfinfo', path);
    if (info !== null) expect(info).toMatch(/Pages: +1\n/);
    const check = tool('qpdf', '--check', path);
    if (check !== null) expect(check).toContain('No syntax or stream encoding errors');
    const xmp = tool('pdfinfo', '-meta', path);
    if (xmp !== null) {
      expect(xmp).toContain('<pdfaid:part>3</pdfaid:part>');
      expect(xmp).toContain('<pdfaid:conformance>B</pdfaid:conformance>');
    }
    // PDF/A refuses a sign that no font has, so all of them are there; their order pdftotext can only tell from left to right.
    const { contentIn, verifyHere } = messages[locale];
    expect(
      certificateModel(view, locale).about.at(-1)!.text ===
        contentIn.replace('{language}', speech(locale).language('en')),
    ).toBe(view.checklist.fallback === 'en');
    const text = tool('pdftotext', path, '-');
    if (text !== null && locale !== 'ar') expect(packed(text)).toContain(packed(verifyHere));
    const attached = tool('qpdf', `--show-attachment=${view.attachment.name}`, path);
    if (attached !== null) expect(attached).toBe(view.attachment.json);
  });

  it('breaks a name of one endless word instead of running off the paper', async () => {
    const endless = 'W'.repeat(200);
    const named = <View extends { subject: object }>(view: View): View => ({
      ...view,
      subject: { ...view.subject, organisation: endless, site: endless },
    });
    for (const pdf of [
      await certificatePdf(named(sample<CertificateView>('certificate', 'en')), 'en'),
      await gapReportPdf(named(sample<GapReportView>('gap-report', 'en')), 'en'),
    ]) {
      const text = tool('pdftotext', '-bbox', file('endless.pdf', pdf), '-');
      if (text === null) return;
      const ends = [...text.matchAll(/xMax="([\d.]+)"[^>]*>(?:W\u200b?){5,}/g)].map(([, right]) =>
        Number(right),
      );
      expect(ends.length).toBeGreaterThan(4);
      for (const end of ends) expect(end).toBeLessThan(595 - 30);
    }
  });

  it('carries the fields, the disclaimer and no claim beyond it; markup stays literal', async () => {
    const view = sample<CertificateView>('certificate', 'en');
    const nasty = {
      ...view,
      subject: { ...view.subject, organisation: NASTY },
      productCategories: ['*a*', '#b'],
    };
    const text = tool('pdftotext', file('nasty.pdf', await certificatePdf(nasty, 'en')), '-');
    if (text === null) return;
    const all = packed(text);
    for (const words of [
      NASTY,
      '*a* and #b',
      'Buyer-readiness certificate',
      view.number,
      view.verifyUrl,
      view.reportHash,
      '19 October 2027',
      'open: critical 0, major 0, minor 2',
      'No coaching of this site by the assessor or the provider in the last 24 months.',
      'Unaccredited assessment against Global Markets support programme, edition 1, Basic. Not issued, recognised or endorsed by GFSI.',
    ]) {
      expect(all).toContain(packed(words));
    }
  });

  it('is printed for names in signs that no font has, each shown as one that cannot be', async () => {
    const view = sample<CertificateView>('certificate', 'ar');
    const name = '🥖 Bakery 👩\u200d🍳 面包店 \u202Exyz\u202C';
    const subject = { ...view.subject, organisation: name };
    const pdf = file('signs.pdf', await certificatePdf({ ...view, subject }, 'ar'));
    const text = tool('pdftotext', pdf, '-');
    if (text !== null) expect(text).toContain('Bakery');
    if (text !== null) expect(text).not.toContain('🥖');
  });

  it('stays on one page however long the names are, and gives the same bytes twice', async () => {
    const view = sample<CertificateView>('certificate', 'en');
    const long = {
      ...view,
      subject: {
        ...view.subject,
        organisation: 'Cooperative of Growers '.repeat(12),
        address: 'Long Street 12, '.repeat(20),
      },
      productCategories: Array.from({ length: 25 }, (_, index) => `category of produce number ${index}`),
    };
    const first = await certificatePdf(long, 'en');
    expect(Buffer.compare(first, await certificatePdf(long, 'en'))).toBe(0);
    const info = tool('pdfinfo', file('long.pdf', first));
    if (info !== null) expect(info).toMatch(/Pages: +1\n/);
  });
});

describe('exceptions from impartiality', () => {
  const exceptions: readonly ExceptionLine[] = [
    {
      rule: 'assessor-is-coach',
      reason: 'Only one speaks the language.',
      recordedOn: '2026-10-01',
      from: '2026-01-02',
      until: '2026-01-03',
    },
    { rule: 'decider-is-reviewer', reason: NASTY, recordedOn: '2026-10-02' },
  ];
  const rules: Readonly<Record<Locale, readonly string[]>> = {
    en: ['The assessor coached this site', 'Who decided also reviewed', '2 January 2026'],
    es: ['El evaluador asesoró a este sitio', 'Quien decidió también revisó', '2 de enero de 2026'],
    ar: ['قدّم المقيِّم إرشادًا لهذا الموقع', 'صاحب القرار هو المراجع أيضًا', '٢ يناير ٢٠٢٦'],
    fr: ['L’évaluateur a accompagné ce site', 'Le décideur a aussi relu', '2 janvier 2026'],
    ru: ['Оценщик консультировал этот объект', 'Принявший решение был и проверяющим', '2 января 2026'],
    hi: ['मूल्यांकनकर्ता ने इस स्थल का मार्गदर्शन किया था', 'निर्णय लेने वाले ने समीक्षा भी की थी', '2 जनवरी 2026'],
  };

  it.each(LOCALES)('%s: stand on certificate, gap report and public page, and none is claimed', (locale) => {
    const certificate = sample<CertificateView>('certificate', locale);
    const independence = { ...certificate.independence, exceptions, organisationType: 'A' as const };
    const said = certificateModel({ ...certificate, independence }, locale).independence;
    const none = speech(locale).say('independenceNone', { months: 24 });
    for (const words of [...rules[locale], NASTY]) expect(said).toContain(words);
    expect(said).not.toContain(none);
    const verification = sample<Extract<VerificationView, { known: true }>>('verification', 'en');
    for (const html of [
      renderVerificationHtml({ ...verification, exceptions }, locale),
      renderGapReportHtml({ ...sample<GapReportView>('gap-report', locale), exceptions }, locale),
    ]) {
      for (const words of rules[locale]) expect(html).toContain(words);
      expect(html).toContain(ESCAPED);
      expect(html).not.toContain('<script>alert');
    }
  });

  it('are counted in the cohort report', () => {
    const view = sample<CohortReportView>('cohort-report', 'en');
    const html = renderCohortReportHtml(
      { ...view, independence: { ...view.independence, exceptions: 1 } },
      'en',
    );
    expect(html).toContain('1 of these gains rests on an exception');
    expect(renderCohortReportHtml(view, 'en')).not.toContain('rests on an exception');
  });

  it('leave the certificate on one page, however long their reasons are; and the report is made', async () => {
    const view = sample<CertificateView>('certificate', 'en');
    const long = exceptions.map((each) => ({ ...each, reason: 'Because of the long way. '.repeat(40) }));
    const independence = { ...view.independence, exceptions: [...long, ...long] };
    const info = tool('pdfinfo', file('excepted.pdf', await certificatePdf({ ...view, independence }, 'en')));
    if (info !== null) expect(info).toMatch(/Pages: +1\n/);
    const report = { ...sample<GapReportView>('gap-report', 'ar'), exceptions };
    expect((await gapReportPdf(report, 'ar')).length).toBeGreaterThan(1000);
  });
});

describe('verification page', () => {
  const view = sample<Extract<VerificationView, { known: true }>>('verification', 'en');

  it.each(['valid', 'suspended', 'withdrawn', 'expired', 'superseded'] as const)(
    '%s: says so, with the history',
    (status) => {
      const html = renderVerificationHtml({ ...view, status }, 'en');
      expect(html.toLowerCase()).toContain(`<p class="big">${status}</p>`);
      expect(html).toContain('A required visit was refused.');
      expect(html).toContain('Not issued, recognised or endorsed by GFSI');
      if (status !== 'valid') expect(html).not.toContain('is valid until');
    },
  );

  it('leads on from a superseded one, and only to a web address', () => {
    const newer = (url: string): VerificationView => ({
      ...view,
      status: 'superseded',
      supersededBy: { number: 'UP-2', url },
    });
    expect(renderVerificationHtml(newer('https://uplift.example/v/UP-2'), 'en')).toContain(
      'href="https://uplift.example/v/UP-2"',
    );
    expect(() => renderVerificationHtml(newer('javascript:alert(1)'), 'en')).toThrow('not a web address');
  });

  it.each(LOCALES)('%s: an unknown number gets another page, without a status', (locale) => {
    const html = renderVerificationHtml({ known: false, number: NASTY, checkedOn: '2026-11-23' }, locale);
    expect(html).toContain(messages[locale].unknownTitle);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('class="big"');
  });
});

describe('mail', () => {
  const visit = {
    to: NASTY,
    site: `North\r\nBcc: all@example.org`,
    address: 'Km 12',
    date: '2026-12-01',
    from: '09:30',
    until: '12:00',
    assessor: 'Mona Hassan',
    checklist: 'Primary production, edition 1',
    url: 'https://uplift.example/visits/1',
  };

  it.each(LOCALES)('%s: subject on one line, text and HTML say the same', (locale) => {
    const mail = renderMail('visit-invitation', visit, locale);
    expect(mail.subject).not.toMatch(/[\r\n]/);
    expect(mail.text).toContain('Mona Hassan');
    expect(mail.html).toContain('Mona Hassan');
    expect(mail.text).not.toMatch(/^Bcc:/m);
    expect(mail.html).not.toContain('<script');
    expect(mail.html).toContain(`dir="${locale === 'ar' ? 'rtl' : 'ltr'}"`);
  });

  it('has words for the other kinds', () => {
    const certificate = {
      to: 'Hala',
      site: 'North yard',
      number: 'UP-1',
      programme: 'GM',
      level: 'Basic',
      validUntil: '2027-01-01',
      url: 'https://uplift.example/c/UP-1',
    };
    const counts = {
      total: 48,
      conforming: 34,
      partly: 5,
      nonconforming: 6,
      notApplicable: 3,
      notAssessed: 0,
    };
    expect(renderMail('certificate-expiring', { ...certificate, daysLeft: 30 }, 'en').subject).toBe(
      'Certificate UP-1 ends in 30 days',
    );
    expect(renderMail('certificate-expiring', { ...certificate, daysLeft: 1 }, 'es').subject).toBe(
      'El certificado UP-1 termina en 1 día',
    );
    expect(renderMail('certificate-status', { ...certificate, status: 'suspended' }, 'en').subject).toBe(
      'Certificate UP-1: Suspended',
    );
    expect(renderMail('certificate-issued', certificate, 'en').subject).toContain('has been issued');
    expect(
      renderMail(
        'submission-received',
        {
          to: 'Hala',
          site: 'North yard',
          checklist: 'PP 1',
          submittedOn: '2026-09-14',
          counts,
          url: 'https://uplift.example/a',
        },
        'en',
      ).text,
    ).toContain('34 of 45 conform');
    const action = {
      to: 'Hala',
      site: 'North yard',
      requirement: 'PP-HYG-02',
      grade: 'major' as const,
      question: 'Is there a place to wash hands?',
      dueOn: '2026-09-28',
      url: 'https://uplift.example/f/1',
    };
    expect(renderMail('corrective-action-due', { ...action, daysLeft: 7 }, 'en').subject).toBe(
      'Due in 7 days: PP-HYG-02, North yard',
    );
    expect(renderMail('corrective-action-due', { ...action, daysLeft: -2 }, 'en').subject).toContain(
      'Overdue for 2 days',
    );
    expect(renderMail('visit-cancelled', { ...visit, reason: 'flood' }, 'en').text).toContain(
      'Reason: flood',
    );
    expect(renderMail('visit-changed', visit, 'en').subject).toContain('moved to 1 December 2026');
  });
});
