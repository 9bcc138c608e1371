import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { NodeCompiler, type NodeTypstDocument } from '@myriaddreamin/typst-ts-node-compiler';
import { fontFiles, templatesFolder } from './resources.js';

let warm: { readonly typst: NodeCompiler; readonly folder: string } | undefined;

/** One compiler a process: fonts are read once, templates stay parsed, the next page takes milliseconds. */
function compiler() {
  return (warm ??= create(templatesFolder()));
}

function create(folder: string) {
  const typst = NodeCompiler.create({
    workspace: folder,
    fontArgs: [{ fontBlobs: fontFiles().map((file) => readFileSync(file)) }],
  });
  return { typst, folder };
}

export interface PdfOptions {
  /** A PDF standard Typst enforces, e.g. `a-3b`. */
  readonly standard?: string;
  /** Day put into the document's metadata, so that the same data gives the same bytes. */
  readonly date: string;
  /**
   * Scales to try, largest first, until the document fits on one page; the smallest stands when none does. The
   * template reads `data.scale`. Left out: no scale is given, and pages are as many as needed.
   */
  readonly onePage?: readonly number[];
}

/** Pages between two clearings of what Typst has laid out, and clearings that something unused outlives. */
const CLEARING = { every: 5, keep: 2 } as const;
let printed = 0;

/**
 * Sets `template` with `data`. The data lies beside the templates as a JSON file that is only in memory; the template
 * reads values from it and Typst lays them out as text, so that markup in a name is printed and never run. (Given as
 * `sys.inputs` it would have Typst build its standard library anew for each page.)
 *
 * The turn of the event loop lets other work through, and lets Node free the document before: without it a loop that
 * prints 600 certificates grew by 350 MB, with it not at all.
 *
 * A standard of PDF/A refuses signs that no font at hand has, such as an emoji in a name: each is printed as "\uFFFD", the
 * sign for one that cannot be shown. What is attached stays as it is.
 */
export async function renderPdf(template: string, data: object, options: PdfOptions): Promise<Uint8Array> {
  await turn();
  const printable = eachText(data, breakable) as object;
  try {
    return print(template, printable, options);
  } catch (error) {
    const unknown = unshown(String((error as Error).message));
    if (unknown.length === 0) throw error;
    return print(template, eachText(printable, (text) => replaced(text, unknown)) as object, options);
  }
}

/** What Typst says that no font can display: whole clusters, a base with its marks. The longest come first. */
function unshown(message: string): string[] {
  const texts = message.matchAll(/the text `\\?"(.+?)\\?"` could not be displayed/gu);
  const clusters = [...texts].map(([, text]) =>
    text!.replace(/\\*u\{([0-9a-f]+)\}/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16))),
  );
  return [...new Set(clusters)].sort((a, b) => b.length - a.length);
}

/** What is not read as words: pictures, what is attached, addresses and hashes that people copy. */
const NOT_WORDS = new Set(['attachment', 'svg', 'qr', 'verifyUrl', 'reportHash']);

/** The data with `change` made to every text that is read. */
function eachText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => eachText(each, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, NOT_WORDS.has(key) ? inner : eachText(inner, change)]),
  );
}

/** With those clusters replaced; signs that are never seen go. */
const replaced = (text: string, clusters: readonly string[]): string =>
  clusters.reduce(
    (left, cluster) => left.replaceAll(cluster, /^\p{Cf}+$/u.test(cluster) ? '' : '\uFFFD'),
    text,
  );

/** Longer than any word of the languages we print: 30 signs without a place where a line may end. */
const ENDLESS = /[^\s/-]{30,}/gu;
const CLUSTERS = new Intl.Segmenter();

/** A word without end may be broken anywhere, by zero-width spaces: on paper nothing can be scrolled. */
const breakable = (text: string): string =>
  text.replace(ENDLESS, (word) =>
    Array.from(CLUSTERS.segment(word), ({ segment }) => segment).join('\u200B'),
  );

function print(template: string, data: object, options: PdfOptions): Uint8Array {
  const { typst } = compiler();
  const document = options.onePage
    ? largestFit(options.onePage, (scale) => set(template, { ...data, scale }))
    : set(template, data);
  const pdf = typst.pdf(document, {
    pdfStandard: options.standard,
    creationTimestamp: Math.floor(Date.parse(`${options.date}T00:00:00Z`) / 1000),
  });
  printed += 1;
  if (printed % CLEARING.every === 0) typst.evictCache(CLEARING.keep);
  return new Uint8Array(pdf);
}

function set(template: string, data: object): NodeTypstDocument {
  const { typst, folder } = compiler();
  typst.mapShadow(join(folder, 'data.json'), Buffer.from(JSON.stringify(data)));
  const result = typst.compile({ mainFilePath: join(folder, template) });
  if (result.result) return result.result;
  const error = result.takeError();
  const found = error ? typst.fetchDiagnostics(error) : [];
  throw new Error(`${template} could not be set: ${JSON.stringify(found)}`);
}

/** The document at the largest scale that fits on one page. Most fit at the first; the others are found by halving. */
function largestFit(scales: readonly number[], at: (scale: number) => NodeTypstDocument): NodeTypstDocument {
  const first = at(scales[0]!);
  if (first.numOfPages === 1) return first;
  let fitting: NodeTypstDocument | undefined;
  let [from, to] = [1, scales.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    const document = at(scales[middle]!);
    if (document.numOfPages === 1) [fitting, to] = [document, middle];
    else from = middle + 1;
  }
  return fitting ?? at(scales[to]!);
}
