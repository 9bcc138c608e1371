import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import type { Config } from './config.js';

export interface MailAttachment {
  readonly filename: string;
  readonly content: Uint8Array | string;
  readonly contentType?: string;
}

export interface MailMessage {
  /** The same id gives the same Message-ID (and the same file): a job that runs twice isn't read twice. */
  readonly id: string;
  readonly to: string | readonly string[];
  readonly cc?: string | readonly string[];
  readonly replyTo?: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly attachments?: readonly MailAttachment[];
  /** An iCalendar invitation; calendars show it with buttons. */
  readonly calendar?: { readonly method: 'REQUEST' | 'CANCEL' | 'PUBLISH'; readonly content: string };
}

export interface Mailer {
  /** Sends, or throws so that the job is tried again. Says where it went: an SMTP answer or the path of a file. */
  send(message: MailMessage): Promise<{ readonly messageId: string; readonly where: string }>;
  close(): void;
}

const list = (value: string | readonly string[]): string[] =>
  typeof value === 'string' ? [value] : [...value];

/** Name and address of a sender as `MAIL_FROM` writes them: `Uplift <no-reply@example.org>` or the address alone. */
export function senderOf(mailFrom: string): { name: string; email: string } {
  const [, name = '', email = mailFrom] = /^\s*"?([^"<]*)"?\s*<([^>]+)>\s*$/.exec(mailFrom) ?? [];
  return { name: name.trim() || email.trim(), email: email.trim() };
}

function messageOf(message: MailMessage, from: string) {
  const domain = /@([^\s>]+)/.exec(from)?.[1] ?? hostname();
  return {
    from,
    to: list(message.to),
    ...(message.cc && { cc: list(message.cc) }),
    ...(message.replyTo && { replyTo: message.replyTo }),
    subject: message.subject,
    text: message.text,
    ...(message.html !== undefined && { html: message.html }),
    messageId: `<${createHash('sha256').update(message.id).digest('hex').slice(0, 32)}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    attachments: (message.attachments ?? []).map(({ filename, content, contentType }) => ({
      filename,
      content: typeof content === 'string' ? content : Buffer.from(content),
      ...(contentType && { contentType }),
    })),
    ...(message.calendar && { icalEvent: { ...message.calendar, filename: 'invite.ics' } }),
    // A template must never be able to make the server read its own files or fetch addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Mail over SMTP when there is an `smtpUrl`, else as `.eml` files in `<dataDir>/mail`, which any mail program opens. */
export function createMailer(config: Pick<Config, 'smtpUrl' | 'dataDir' | 'mailFrom'>): Mailer {
  if (config.smtpUrl) {
    const transport = nodemailer.createTransport({
      url: config.smtpUrl,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
    });
    return {
      async send(message) {
        const answer = await transport.sendMail(messageOf(message, config.mailFrom)).catch((error: Error) => {
          // A server that can't be reached looks like any other; whoever reads it among failed jobs is told which it was.
          error.message = `The mail was not handed over: ${error.message}`;
          throw error;
        });
        return { messageId: String(answer.messageId), where: String(answer.response) };
      },
      close: () => transport.close(),
    };
  }
  const folder = join(config.dataDir, 'mail');
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    async send(message) {
      const { messageId, message: content } = await transport.sendMail(messageOf(message, config.mailFrom));
      const path = join(folder, `${message.id.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 120)}.eml`);
      await mkdir(folder, { recursive: true });
      await writeFile(`${path}.${process.pid}.part`, content as Buffer);
      await rename(`${path}.${process.pid}.part`, path);
      return { messageId: String(messageId), where: path };
    },
    close: () => transport.close(),
  };
}
