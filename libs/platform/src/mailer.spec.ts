import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { createMailer, type MailMessage } from './mailer.js';

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'uplift-test-mail-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const mailFrom = 'Uplift <no-reply@uplift.example>';
const message: MailMessage = {
  id: '0b6f-job',
  to: 'mwangi@farm.example',
  subject: 'Your visit on 3 March – Müller',
  text: 'Good morning.\n',
  html: '<p>Good morning.</p>',
  attachments: [
    { filename: 'plan.pdf', content: new Uint8Array([37, 80, 68, 70]), contentType: 'application/pdf' },
  ],
  calendar: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' },
};

describe('mail into files', () => {
  it('writes one complete .eml file a message, the same file for the same id', async () => {
    const mailer = createMailer({ dataDir, mailFrom });
    const first = await mailer.send(message);
    const second = await mailer.send(message);
    expect(second).toEqual(first);
    expect(first.where).toBe(join(dataDir, 'mail', '0b6f-job.eml'));
    const text = readFileSync(first.where, 'utf8');
    expect(text).toContain('From: Uplift <no-reply@uplift.example>\r\n');
    expect(text).toContain('To: mwangi@farm.example\r\n');
    expect(text).toContain(`Message-ID: ${first.messageId}\r\n`);
    expect(text).toContain('filename=plan.pdf');
    expect(text).toMatch(/text\/calendar; charset=utf-8; method=REQUEST/);
  });

  it('lets no id out of the mail folder', async () => {
    const { where } = await createMailer({ dataDir, mailFrom }).send({ ...message, id: '../../outside' });
    expect(where).toBe(join(dataDir, 'mail', '.._.._outside.eml'));
    expect(existsSync(where)).toBe(true);
  });
});

describe('mail over SMTP', () => {
  async function server(refuse = false): Promise<{ url: string; received: string[]; stop(): Promise<void> }> {
    const received: string[] = [];
    const smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: (_address, _session, done) => done(refuse ? new Error('no such person') : null),
      onData(stream, _session, done) {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => {
          received.push(text);
          done();
        });
      },
    });
    smtp.on('error', () => undefined);
    await new Promise<void>((ready) => smtp.listen(0, '127.0.0.1', () => ready()));
    const { port } = smtp.server.address() as AddressInfo;
    return {
      url: `smtp://127.0.0.1:${port}`,
      received,
      stop: () => new Promise((done) => smtp.close(() => done())),
    };
  }

  it('hands the message to the server', async () => {
    const smtp = await server();
    const mailer = createMailer({ dataDir, mailFrom, smtpUrl: smtp.url });
    const { messageId, where } = await mailer.send(message);
    expect(where).toMatch(/^250/);
    expect(smtp.received).toHaveLength(1);
    expect(smtp.received[0]).toContain(messageId);
    expect(smtp.received[0]).toContain('Subject: =?UTF-8?');
    expect(existsSync(join(dataDir, 'mail'))).toBe(false);
    mailer.close();
    await smtp.stop();
  });

  it('fails when the server refuses or is away, so that the job is tried again', async () => {
    const smtp = await server(true);
    const mailer = createMailer({ dataDir, mailFrom, smtpUrl: smtp.url });
    await expect(mailer.send(message)).rejects.toThrow(/no such person/);
    await smtp.stop();
    await expect(mailer.send(message)).rejects.toThrow(/ECONNREFUSED/);
    mailer.close();
  });
});
