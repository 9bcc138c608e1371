import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A mail as it lies in the mail folder, its parts decoded. */
export interface Mail {
  readonly file: string;
  readonly to: string;
  readonly subject: string;
  /** Every part that is text: plain, HTML, calendar. */
  readonly content: string;
}

const words = (header: string): string =>
  header
    .replace(/\r\n\s+/g, ' ')
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : quoted(text.replaceAll('_', ' ')),
    );

const quoted = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r?\n/g, '')
      .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** The mails the product wrote that `wanted` is true of, by file name. */
export function mailsIn(dataDir: string, wanted: (mail: Mail) => boolean = () => true): Mail[] {
  let files: string[];
  try {
    files = readdirSync(join(dataDir, 'mail')).filter((file) => file.endsWith('.eml'));
  } catch {
    return [];
  }
  return files
    .sort()
    .map((file) => {
      const raw = readFileSync(join(dataDir, 'mail', file), 'latin1');
      const header = (name: string): string =>
        words(new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, 'mi').exec(raw)?.[1] ?? '');
      const content = raw
        .split(/\r\n--[^\r\n]+\r\n/)
        .slice(1)
        .map((part) => {
          const [head = '', ...rest] = part.split('\r\n\r\n');
          const body = rest.join('\r\n\r\n');
          if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString('utf8');
          return /quoted-printable/i.test(head) ? quoted(body) : body;
        })
        .join('\n');
      return { file, to: header('To'), subject: header('Subject'), content };
    })
    .filter(wanted);
}
