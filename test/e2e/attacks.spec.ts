import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleOf, readMatrix } from '../support/access-matrix.js';
import { startApp, type Person, type TestApp } from '../support/app.js';
import { DOCUMENT, each, form, operationsOf, send, type Answer, type Json } from '../support/operations.js';
import { everybodyInOne, rehearse, REHEARSED, seedWorld, type Caller, type World } from '../support/world.js';
import { waitFor } from '../support/wait.js';

/*
 * Attacks on the whole surface, made for every operation the document names. Those on signing in are in
 * identity-security.spec.ts; docs/security.md lists where each attack is tested.
 */

const FORMULA = '=HYPERLINK("http://evil.example","Look")';
const matrix = readMatrix();
const operations = operationsOf(DOCUMENT);
const changing = operations.filter(({ method }) => !['GET', 'HEAD'].includes(method));

let app: TestApp;
let world: World;
let caller: Caller;
let refs: Record<string, string>;
beforeAll(async () => {
  app = await startApp('attacks-test', { RATE_LIMIT: '0' });
  world = await seedWorld(app);
  caller = await everybodyInOne(world);
  refs = { ...world.ours, ...caller.own };
  await app.sql(`UPDATE site SET name = $2 WHERE id = $1`, [world.ours['site'], FORMULA]);
}, 180_000);
afterAll(() => app?.stop());

const get = (target: string, bearer?: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(app.url, { method: 'GET', target, ...(bearer && { bearer }), headers });
const cookieOf = ({ token }: Person): string => `uplift.session_token=${token}`;

describe('mail', () => {
  test('has the headers the product gives it, whatever names and purposes hold', async () => {
    const evil = 'Nile\r\nBcc: everybody@evil.example\r\n\r\nSent by';
    const { owner, supplier } = world.programme;
    await owner.agent.patch(`/api/v1/organisations/${supplier}`).send({ name: evil }).expect(200);
    await owner.agent
      .post(`/api/v1/organisations/${supplier}/consents`)
      .send({
        siteIds: [world.ours['site']],
        scopes: ['score'],
        purpose: evil,
        until: new Date(Date.now() + 9e8).toISOString().slice(0, 10),
        recipientName: 'Ann',
        recipientEmail: 'ann@attacked.example',
      })
      .expect(201);
    await owner.agent
      .post(`/api/v1/organisations/${supplier}/invitations`)
      .send({ email: 'ben@attacked.example', role: 'viewer' })
      .expect(201);
    for (const bad of ['a@b.example\r\nBcc: x@evil.example', 'a@b.example,x@evil.example'])
      await owner.agent
        .post(`/api/v1/organisations/${supplier}/invitations`)
        .send({ email: bad, role: 'viewer' })
        .expect(400);
    const heads = await waitFor(
      () => {
        const folder = join(app.config.dataDir, 'mail');
        const mails = readdirSync(folder)
          .filter((file) => file.endsWith('.eml'))
          .map((file) => readFileSync(join(folder, file), 'latin1').split('\r\n\r\n')[0]!)
          .filter((head) => /^To: .*attacked\.example/m.test(head));
        return mails.length >= 2 ? mails : null;
      },
      { what: 'both mails', deadlineMs: 60_000 },
    );
    for (const head of heads) {
      const names = head
        .replace(/\r\n[ \t]+/g, ' ')
        .split('\r\n')
        .map((line) => line.split(':')[0]);
      expect(
        names.filter(
          (name) =>
            !/^(From|To|Subject|Message-ID|Date|MIME-Version|Auto-Submitted|Content-Type|Content-Transfer-Encoding)$/.test(
              name!,
            ),
        ),
      ).toEqual([]);
    }
    await app.sql(`UPDATE organisation SET name = 'Supplier ours' WHERE id = $1`, [supplier]);
  });
});

describe('a cookie from before a change of roles', () => {
  test('has the rights its person has now', async () => {
    const { supplier } = world.programme;
    const person = await app.person('Once owner', [[supplier, 'owner']]);
    const rename = () =>
      app.anonymous
        .patch(`/api/v1/organisations/${supplier}`)
        .set({ cookie: cookieOf(person), origin: app.config.baseUrl })
        .send({ name: 'Supplier ours' });
    await rename().expect(200);
    await app.sql(`UPDATE membership SET role = 'viewer' WHERE user_id = $1`, [person.id]);
    await rename().expect(403);
    await app.sql(`UPDATE membership SET role = 'owner' WHERE user_id = $1`, [person.id]);
    await rename().expect(200);
  });
});

describe('many at once', () => {
  test('who act as somebody else within their request don’t wait for each other for ever', async () => {
    // More than there are connections: each request held one and waited for a second.
    const readers = world.callers.filter(({ bearer }) => bearer).slice(0, 30);
    const answers = await Promise.all(
      readers.flatMap(({ bearer }) => [
        get(`/shared/${world.ours['link']}`, bearer),
        send(app.url, {
          method: 'POST',
          target: '/api/v1/invitations/accept',
          bearer: bearer!,
          body: JSON.stringify({ token: 'A'.repeat(43) }),
        }),
      ]),
    );
    expect(answers.map(({ status }) => status)).toEqual(readers.flatMap(() => [200, 404]));
  });

  test('reading a report while the consent is taken back see all of it or nothing', async () => {
    const { owner, supplier } = world.programme;
    const grantee = world.callers.find(({ name }) => name === 'grantee.viewer')!;
    const target = `/api/v1/assessments/${world.ours['assessment']}/gap-report`;
    const whole = await get(target, grantee.bearer);
    expect(whole.status).toBe(200);
    const plain = ({ text }: Answer): string => text.replaceAll(/"(printedOn|at)":"[^"]*"/g, '');
    const reading = Array.from({ length: 16 }, () => get(target, grantee.bearer));
    await owner.agent
      .post(`/api/v1/organisations/${supplier}/consents/${world.ours['consent']}/revoke`)
      .expect(200);
    for (const answer of await Promise.all(reading)) {
      expect([200, 404]).toContain(answer.status);
      if (answer.status === 200) expect(plain(answer)).toBe(plain(whole));
    }
    expect((await get(target, grantee.bearer)).status).toBe(404);
  });
});

describe('without leaving a trace', () => {
  beforeAll(() => rehearse(app));

  test('no operation changes anything with a cookie that another site made the browser send', async () => {
    const person = await app.person('Victim');
    const made = await each(
      changing.flatMap((operation) =>
        [
          {},
          { origin: 'https://evil.example' },
          { origin: 'null', 'content-type': 'text/plain' },
          { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' },
        ].map((headers) => ({ operation, headers: headers as Record<string, string> })),
      ),
      async ({ operation, headers }) => {
        const { path, body } = exampleOf(operation, matrix[operation.name] ?? {}, refs);
        const { status, code } = await send(app.url, {
          method: operation.method,
          target: path,
          headers: {
            ...(body && { 'content-type': 'application/json' }),
            cookie: cookieOf(person),
            ...headers,
          },
          ...(body && { body: JSON.stringify(body) }),
        });
        // A form isn't even read.
        return status === 415 || code === 'foreign-origin'
          ? null
          : `${operation.name} ${JSON.stringify(headers)}: ${status} ${code}`;
      },
    );
    expect(made.length).toBeGreaterThan(200);
    expect(made.filter(Boolean)).toEqual([]);
  });

  test('no operation takes a field that its schema doesn’t name', async () => {
    const more: Record<string, Json> = {
      id: randomUUID(),
      state: 'closed',
      revision: 99,
      createdBy: randomUUID(),
      issuedOn: '2020-01-01',
      isAdmin: true,
      ownerId: randomUUID(),
      demo: true,
    };
    const taken = await each(
      changing.filter(({ body, mediaType }) => body && mediaType === 'application/json'),
      async (operation) => {
        const { path, search, body } = exampleOf(operation, matrix[operation.name] ?? {}, refs);
        const { status, text } = await send(app.url, {
          method: operation.method,
          target: path + (search && `?${search}`),
          bearer: caller.bearer!,
          body: JSON.stringify({ ...body, ...more }),
        });
        const named = Object.keys(more).every((field) => text.includes(field) || field in (body ?? {}));
        return [400, 422].includes(status) && status !== REHEARSED.status && named
          ? null
          : { operation: operation.name, status, text };
      },
    );
    // A buyer's rule follows a JSON Schema of its own, which says so in its words.
    const rules = ['POST /api/v1/buyers/{id}/rules', 'POST /api/v1/buyers/{id}/rules/preview'];
    expect(taken.filter((each) => each !== null && !rules.includes(each.operation))).toEqual([]);
    for (const operation of rules)
      expect(taken.find((each) => each?.operation === operation)).toMatchObject({
        status: 422,
        text: expect.stringContaining('rule-invalid'),
      });
  });

  test('nothing nested is reached by way of another parent, also when both are the caller’s', async () => {
    const { supplier, agency, assessment, closed, draft, assessor } = world.ours as Record<string, string>;
    const other = randomUUID();
    await app.sql(
      `INSERT INTO assessor (id, organisation_id, name, email, part, country, competences, languages, working_days)
       SELECT $1, organisation_id, name, email, part, country, competences, languages, working_days FROM assessor WHERE id = $2`,
      [other, assessor],
    );
    const programme = randomUUID();
    await app.sql(`INSERT INTO programme (id, code, name) VALUES ($1, 'second', 'Second')`, [programme]);
    await app.sql(
      `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, 'agency')`,
      [randomUUID(), programme, agency],
    );
    const [cohort] = await app.sql(
      `INSERT INTO cohort (id, programme_id, name, starts_on) VALUES ($1, $2, 'Second', current_date) RETURNING id`,
      [randomUUID(), programme],
    );
    const r = refs;
    const wrong: readonly (readonly [method: string, target: string, body?: Record<string, Json>])[] = [
      ['PATCH', `organisations/${agency}/members/${r['member']}`, { role: 'mentor' }],
      ['DELETE', `organisations/${agency}/members/${r['member']}`],
      ['POST', `organisations/${agency}/invitations/${r['invitation']}/revoke`],
      ['POST', `organisations/${agency}/api-tokens/${r['apiToken']}/revoke`],
      ['GET', `organisations/${agency}/consents/${r['consent']}`],
      ['PATCH', `organisations/${agency}/consents/${r['consent']}`, { purpose: 'x' }],
      ['POST', `organisations/${agency}/consents/${r['consent']}/revoke`],
      ['POST', `organisations/${agency}/consents/${r['linkedConsent']}/new-link`],
      ['DELETE', `programmes/${programme}/participants/${r['participant']}?confirm=true`],
      [
        'POST',
        `cohorts/${cohort!['id']}/enrolments/${r['site']}/exit`,
        { exitedOn: '2026-01-05', reason: 'cost' },
      ],
      [
        'POST',
        `assessments/${closed}/findings/${r['finding']}/closure`,
        { closedOn: '2026-01-05', note: 'x' },
      ],
      ['POST', `assessments/${closed}/findings/${r['closedFinding']}/reopening`, { reason: 'x' }],
      ['DELETE', `assessors/${other}/absences/${r['absence']}`],
    ];
    // The supplier owns what is nested, the agency the parent; the caller both.
    expect(supplier).not.toBe(agency);
    expect(assessment).not.toBe(closed);
    for (const [method, target, body] of wrong) {
      const answer = await send(app.url, {
        method,
        target: `/api/v1/${target}`,
        bearer: caller.bearer!,
        ...(body && { body: JSON.stringify(body) }),
      });
      expect({ method, target, status: answer.status, code: answer.code }).toEqual({
        method,
        target,
        status: 404,
        code: 'not-found',
      });
    }
    // Behind a link stands what was granted of closed assessments; a draft of the same site isn't.
    for (const tail of ['gap-report', 'gap-report.pdf'])
      expect((await get(`/shared/${r['link']}/assessments/${draft}/${tail}`)).status).toBe(404);
    expect((await get(`/shared/${r['link']}/certificates/${r['proposed']}.pdf`)).status).toBe(404);
  });

  test('what is uploaded is records or nothing, and is never handed out again', async () => {
    const upload = (files: Record<string, string>) => {
      const { type, body } = form({
        mappingName: 'lexington_ky',
        organisationId: world.ours['agency']!,
        files,
      });
      return send(app.url, {
        method: 'POST',
        target: '/api/v1/imports/inspections',
        bearer: caller.bearer!,
        headers: { 'content-type': type, 'content-length': String(body.length) },
        body,
      });
    };
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
    const records = { 'sites.csv': svg, 'inspections.csv': 'x', 'findings.csv': 'x', 'items.csv': 'x' };
    for (const name of [
      'logo.svg',
      'page.html',
      '../../../etc/cron.d/x.csv',
      'sites.csv.svg',
      'items.csv\u0000.html',
    ])
      expect(await upload({ ...records, [name]: svg })).toMatchObject({
        status: 422,
        code: 'import-files-wrong',
      });
    expect((await upload(records)).code).toBe(REHEARSED.code);
    // Content for everybody is text of a known format, in a list; a page isn't one.
    expect(
      await send(app.url, {
        method: 'POST',
        target: '/api/v1/content',
        bearer: caller.bearer!,
        body: JSON.stringify({ files: [svg, '<html><script>alert(1)</script></html>'] }),
      }),
    ).toMatchObject({ status: 422 });
  });

  test('the form on the front page leads nowhere but to pages of ours', async () => {
    for (const number of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      '..//evil.example',
      '%2f%2fevil.example',
      'x\r\nLocation: https://evil.example',
      '@evil.example',
      '?next=//evil',
    ])
      for (const lang of ['', '&lang=ar']) {
        const { status, headers } = await get(`/verify?number=${encodeURIComponent(number)}${lang}`);
        expect(status).toBe(303);
        const to = new URL(String(headers['location']), app.config.baseUrl);
        expect(to.origin).toBe(app.config.baseUrl);
        expect(to.pathname).toMatch(/^\/verify\/[^/]+$/);
      }
  });

  test('every answer has the headers that keep browsers from being clever', async () => {
    const targets = [
      ...operations
        .filter(({ method }) => method === 'GET')
        .map((operation) => {
          const { path, search } = exampleOf(operation, matrix[operation.name] ?? {}, refs);
          return path + (search && `?${search}`);
        }),
      ...[
        '/',
        '/?lang=ar',
        '/verify/UNKNOWN',
        '/verify?number=x',
        '/shared/nothing',
        '/health/live',
        '/health/ready',
        '/metrics',
        '/openapi.json',
        '/no/such',
        '/%zz',
        '/api/auth/get-session',
        '/api/auth/no-such',
      ],
      `/api/v1/assessments/${world.ours['assessment']}/gap-report.html?lang=es`,
    ];
    const pages: string[] = [];
    const wrong = await each(targets, async (target) => {
      const { status, headers, text } = await get(target, caller.bearer);
      const faults: string[] = [];
      const type = String(headers['content-type']);
      const must = (name: string, pattern: RegExp): void => {
        if (!pattern.test(String(headers[name]))) faults.push(`${name}: ${headers[name]}`);
      };
      must('x-content-type-options', /^nosniff$/);
      must('content-security-policy', /default-src 'none'/);
      // An address that can't be read gets an answer before anybody knows what it is.
      if (target === '/%zz') return faults.length > 0 ? `${status} ${target}: ${faults.join('; ')}` : null;
      must('x-frame-options', /^SAMEORIGIN$/);
      must('referrer-policy', /^no-referrer$/);
      must('strict-transport-security', /max-age=\d{7,}/);
      must('cross-origin-opener-policy', /^same-origin$/);
      if (headers['x-powered-by'] !== undefined || headers['server'] !== undefined)
        faults.push('says what it runs on');
      if (/unsafe-|\*|https?:/.test(String(headers['content-security-policy'])))
        faults.push(`lax: ${headers['content-security-policy']}`);
      if (type.startsWith('text/html')) {
        pages.push(target);
        const nonce = /style-src 'nonce-([^']+)'/.exec(String(headers['content-security-policy']))?.[1];
        const tags = [...text.matchAll(/<(style|script)\b[^>]*>/gi)].map(([tag]) =>
          tag.replaceAll('&#x3D;', '='),
        );
        if (!nonce || tags.some((tag) => !/^<style/i.test(tag) || !tag.includes(nonce)))
          faults.push(`holds ${tags.join()}`);
        const inline = /<[a-z][^>]*\s(on[a-z]+|style)\s*=|javascript:/i.exec(
          text.replaceAll(/&[a-z]+;/g, ''),
        );
        if (inline) faults.push(`holds ${inline[0]}`);
      }
      // No operation answers tables for spreadsheets. One that does must not hand on a formula.
      if (/csv|tab-separated|spreadsheet/.test(type) && /(^|[,;\t\n"])[=+@-]\w/.test(text))
        faults.push('holds a formula');
      return faults.length > 0 ? `${status} ${target}: ${faults.join('; ')}` : null;
    });
    expect(wrong.filter(Boolean)).toEqual([]);
    // Each of the kinds of pages was looked at.
    for (const page of [
      /^\/$/,
      /^\/verify\/UP-\d{4}-(?!UNK)/,
      /UNKNOWN/,
      /gap-report\.html/,
      /report\.html/,
      /ledger\.html/,
      /^\/shared\/[^/]+$/,
      /^\/shared\/.*gap-report$/,
      /^\/shared\/nothing/,
    ])
      expect(pages.filter((target) => page.test(target))).not.toEqual([]);
  });
});
