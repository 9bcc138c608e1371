import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { fontFiles, templatesFolder } from './resources.js';

let warm: NodeCompiler | undefined;

/** One compiler a process: fonts are read once, templates stay parsed, the next page takes milliseconds. */
function compiler(): NodeCompiler {
  warm ??= NodeCompiler.create({
    workspace: templatesFolder(),
    fontArgs: [{ fontBlobs: fontFiles().map((file) => readFileSync(file)) }],
  });
  return warm;
}

export interface PdfOptions {
  /** A PDF standard Typst enforces, e.g. `a-3b`. */
  readonly standard?: string;
  /** Day put into the document's metadata, so that the same data gives the same bytes. */
  readonly date: string;
}

/**
 * Sets `template` with `data`. The data travels as one JSON string in `sys.inputs`; the template reads values from
 * it and Typst lays them out as text, so that markup in a name is printed and never run.
 *
 * The turn of the event loop lets other work through, and lets Node free the document before: without it a loop that
 * prints 600 certificates grew by 350 MB, with it not at all.
 */
export async function renderPdf(template: string, data: object, options: PdfOptions): Promise<Uint8Array> {
  await turn();
  const typst = compiler();
  const result = typst.compile({
    mainFilePath: join(templatesFolder(), template),
    inputs: { data: JSON.stringify(data) },
  });
  if (!result.result) {
    const error = result.takeError();
    const found = error ? typst.fetchDiagnostics(error) : [];
    throw new Error(`${template} could not be set: ${JSON.stringify(found)}`);
  }
  const pdf = typst.pdf(result.result, {
    pdfStandard: options.standard,
    creationTimestamp: Math.floor(Date.parse(`${options.date}T00:00:00Z`) / 1000),
  });
  typst.evictCache(10);
  return new Uint8Array(pdf);
}
