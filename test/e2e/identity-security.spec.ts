import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIdentity } from '#application';
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { type Agent, startApp, type TestApp } from '../support/app.js';
import { browser, newAccount, pathOf } from '../support/browser.js';

let app: TestApp;
const password = 'correct horse battery';
const address = () => `noor.${randomUUID().slice(0, 8)}@example.org`;
const cookiesOf = (answer: supertest.Response): string[] =>
  (answer.headers['set-cookie'] ?? []) as unknown as string[];
const sessionOf = (answer: supertest.Response): string =>
  cookiesOf(answer)
    .find((each) => each.startsWith('uplift.session_token='))!
    .split(';')[0]!;
const signIn = (agent: Agent, email: string, given = password) =>
  agent.post('/api/auth/sign-in/email').send({ email, password: given });

beforeAll(async () => {
  app = await startApp('identity-security-test');
}, 120_000);
afterAll(() => app?.stop());

describe('cookies', () => {
  it('can’t be read by scripts nor sent along by other sites', async () => {
    const email = address();
    await newAccount(app, email, password);
    const cookies = cookiesOf(await signIn(browser(app), email).expect(200));
    expect(cookies.map((each) => each.split('=')[0]).sort()).toEqual([
      'uplift.device',
      'uplift.session_token',
    ]);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/HttpOnly/i);
      expect(cookie).toMatch(/SameSite=Lax/i);
      expect(cookie).toMatch(/Path=\/(;|$)/i);
      expect(cookie).not.toMatch(/Domain=/i);
    }
  });

  it('over https are secure and bound to the host', async () => {
    const email = address();
    await newAccount(app, email, password);
    const identity = createIdentity({ ...app.config, baseUrl: 'https://uplift.example.org' });
    try {
      const answer = await identity.handle(
        new Request('https://uplift.example.org/api/auth/sign-in/email', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email, password }),
        }),
      );
      expect(answer.status).toBe(200);
      const cookies = answer.headers.getSetCookie();
      expect(cookies.map((each) => each.split('=')[0]).sort()).toEqual([
        '__Host-uplift.device',
        '__Host-uplift.session_token',
      ]);
      for (const cookie of cookies) expect(cookie).toMatch(/; Secure/i);
    } finally {
      await identity.close();
    }
  });
});

describe('other sites', () => {
  it('can’t change anything with somebody’s cookie', async () => {
    const agent = await newAccount(app, address(), password);
    const found = { name: 'Plant', kind: 'supplier', country: 'EG' };
    const cookie = sessionOf(
      await signIn(browser(app), (await agent.get('/api/v1/me')).body.email as string).expect(200),
    );
    const post = (headers: Record<string, string>) =>
      supertest(app.url)
        .post('/api/v1/organisations')
        .set({ cookie, ...headers })
        .send(found);
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://uplift.test.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    ] as Record<string, string>[])
      expect((await post(headers).expect(403)).body.code).toBe('foreign-origin');
    await post({ origin: app.config.baseUrl }).expect(201);
    await post({ 'sec-fetch-site': 'same-origin' }).expect(201);
    await supertest(app.url)
      .post('/api/auth/sign-out')
      .set({ cookie, origin: 'https://evil.example' })
      .send({})
      .expect(403);
    await agent.get('/api/v1/me').expect(200);
  });

  it('can’t send somebody on to a place of their choice', async () => {
    const evil = 'https://evil.example/';
    for (const [path, body] of [
      ['/sign-in/email', { password, callbackURL: evil }],
      ['/sign-in/magic-link', { callbackURL: evil }],
      ['/sign-in/magic-link', { callbackURL: '//evil.example' }],
      ['/sign-in/magic-link', { callbackURL: '/\\evil.example' }],
      ['/sign-in/magic-link', { errorCallbackURL: evil }],
      ['/sign-in/magic-link', { newUserCallbackURL: evil }],
      ['/sign-up/email', { password, name: 'x', callbackURL: evil }],
      ['/request-password-reset', { redirectTo: evil }],
    ] as const)
      await browser(app)
        .post(`/api/auth${path}`)
        .send({ ...body, email: address() })
        .expect(403);
    await browser(app).get(`/api/auth/magic-link/verify?token=x&callbackURL=${evil}`).expect(403);
    await browser(app).get(`/api/auth/verify-email?token=x&callbackURL=${evil}`).expect(403);
    await browser(app).get(`/api/auth/reset-password/x?callbackURL=${evil}`).expect(403);
  });
});

it('a planted cookie is not adopted: signing in makes a session of its own', async () => {
  const email = address();
  const agent = await newAccount(app, email, password);
  const planted = sessionOf(await signIn(browser(app), email).expect(200));
  const value = planted.split('=')[1]!;
  await agent.post('/api/auth/sign-out').send({}).expect(200);
  const victim = address();
  await newAccount(app, victim, password);
  const answer = await supertest(app.url)
    .post('/api/auth/sign-in/email')
    .set({ cookie: planted, origin: app.config.baseUrl })
    .send({ email: victim, password })
    .expect(200);
  expect(sessionOf(answer)).not.toContain(value);
  // What the thief knows is still the thief's own.
  const known = await supertest(app.url).get('/api/v1/me').set('cookie', planted);
  expect(known.body.email).toBe(email);
});

it('what one is can’t be chosen at sign-up', async () => {
  const email = address();
  const agent = browser(app);
  await agent.post('/api/auth/sign-up/email').send({
    name: 'Noor',
    email,
    password,
    role: 'admin',
    emailVerified: true,
    twoFactorEnabled: true,
    id: 'chosen',
    createdAt: '2000-01-01',
  });
  await signIn(agent, email).expect(403);
  const rows = await app.sql(
    `SELECT "emailVerified", "twoFactorEnabled", id::text FROM auth."user" WHERE email = $1`,
    [email],
  );
  expect(rows).toMatchObject([{ emailVerified: false }]);
  expect(rows[0]!['twoFactorEnabled']).not.toBe(true);
  expect(rows[0]!['id']).not.toBe('chosen');
});

it('a name reaches no header of a mail, and no stranger', async () => {
  const email = address();
  const name = 'Noor\r\nBcc: everybody@example.org\u2028X';
  await browser(app).post('/api/auth/sign-up/email').send({ name, email, password }).expect(200);
  const mail = await app.mail(email, /Is this your/);
  expect(mail.text).not.toMatch(/Bcc|everybody/);
  const [row] = await app.sql(`SELECT name FROM auth."user" WHERE email = $1`, [email]);
  expect(row!['name']).toBe('Noor Bcc: everybody@example.org X');
  for (const bad of [
    'a@example.org\r\nBcc: b@example.org',
    'a@example.org, b@example.org',
    '<a@example.org>',
  ])
    await browser(app).post('/api/auth/sign-in/magic-link').send({ email: bad }).expect(400);
});

describe('who has an account', () => {
  const known = address();
  beforeAll(async () => void (await newAccount(app, known, password)));
  const shape = (answer: supertest.Response) => ({
    status: answer.status,
    keys: Object.keys(answer.body).sort(),
    message: answer.body.message,
    code: answer.body.code,
    cookies: cookiesOf(answer).length,
  });

  it.each([
    ['a wrong password', '/sign-in/email', { password: 'wrong horse battery' }],
    ['signing up', '/sign-up/email', { name: 'Noor', password }],
    ['a link by e-mail', '/sign-in/magic-link', {}],
    ['a new password', '/request-password-reset', {}],
    ['another confirmation', '/send-verification-email', {}],
  ])('isn’t told by %s', async (_, path, body) => {
    const ask = (email: string) =>
      browser(app, `198.51.100.${Math.ceil(Math.random() * 250)}`)
        .post(`/api/auth${path}`)
        .send({ ...body, email });
    const one = await ask(known);
    const other = await ask(address());
    expect(shape(one)).toEqual(shape(other));
    if (path === '/sign-up/email') {
      expect(Object.keys(one.body.user).sort()).toEqual(Object.keys(other.body.user).sort());
      await app.mail(known, /already have an account/);
    }
  });

  it('nor by how the attempts are slowed down', async () => {
    const statuses = async (email: string, from: string) => {
      const agent = browser(app, from);
      const seen = [];
      for (let n = 0; n < 9; n += 1) seen.push((await signIn(agent, email, 'wrong horse battery')).status);
      return seen;
    };
    const one = await statuses(known, '192.0.2.1');
    expect(one.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(one).toContain(429);
    // How many get through is a matter of seconds; that they are slowed down in the same way is not.
    const other = await statuses(address(), '192.0.2.2');
    expect(other.slice(0, 6)).toEqual(one.slice(0, 6));
    expect(other).toContain(429);
  });
});

describe('a flood of guesses', () => {
  it('is answered, takes nobody’s account, and locks nobody out who was there before', async () => {
    const email = address();
    const owner = await newAccount(app, email, password, 'Noor', '203.0.113.50');
    const tally: Record<number, number> = {};
    let slowest = 0;
    let flooding = true;
    const health = (async () => {
      while (flooding) {
        const begun = performance.now();
        expect((await app.anonymous.get('/health/live')).status).toBe(200);
        slowest = Math.max(slowest, performance.now() - begun);
      }
    })();
    // A thousand, from many addresses and from the owner's own neighbourhood.
    const attack = Array.from({ length: 20 }, async (_, lane) => {
      for (let n = 0; n < 50; n += 1) {
        const from = lane === 0 ? '203.0.113.50' : `198.51.${lane}.${n % 10}`;
        const answer = await signIn(browser(app, from), email, `guess number ${lane} ${n}`);
        tally[answer.status] = (tally[answer.status] ?? 0) + 1;
      }
    });
    const during = (async () => {
      for (let n = 0; n < 3; n += 1) await signIn(owner, email).expect(200);
    })();
    await Promise.all([...attack, during]);
    flooding = false;
    await health;
    expect(Object.keys(tally).sort()).toEqual(['401', '429']);
    expect(tally[401]! + tally[429]!).toBe(1000);
    expect(tally[401]!).toBeLessThan(100);
    await signIn(owner, email).expect(200);
    await owner.get('/api/v1/me').expect(200);
    // At a new device the owner is slowed, not shut out: by mail at once, by password when the pause is over.
    const fresh = browser(app, '192.0.2.77');
    await fresh.post('/api/auth/sign-in/magic-link').send({ email }).expect(200);
    await fresh.get(pathOf((await app.mail(email, /Your link/)).link)).expect(302);
    await fresh.get('/api/v1/me').expect(200);
    const [pause] = await app.sql(
      `SELECT max(blocked_until - now()) < interval '16 minutes' AS short FROM auth.attempt`,
    );
    expect(pause!['short']).toBe(true);
    process.stdout.write(
      `    flood: ${JSON.stringify(tally)}, slowest /health/live ${Math.round(slowest)} ms\n`,
    );
  }, 120_000);

  it('several API processes count together', async () => {
    const email = address();
    const others = [createIdentity(app.config), createIdentity(app.config)];
    try {
      const statuses = [];
      for (let n = 0; n < 8; n += 1) {
        const answer = await others[n % 2]!.handle(
          new Request(`${app.config.baseUrl}/api/auth/sign-in/email`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-uplift-address': '192.0.2.200' },
            body: JSON.stringify({ email, password }),
          }),
        );
        statuses.push(answer.status);
      }
      expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
      expect(statuses).toContain(429);
    } finally {
      for (const each of others) await each.close();
    }
  });

  it('an address can’t be made up by whoever is not a proxy', async () => {
    const email = address();
    const agent = await newAccount(app, email, password, 'Noor', '203.0.113.99, 198.51.100.200');
    const { body } = await agent.get('/api/v1/me/sessions').expect(200);
    // The proxy appends what it sees; what stands before that is the caller's own claim.
    expect(body[0].address).toBe('198.51.100.200');
    const spoofed = browser(app).set('x-uplift-address', '1.2.3.4') as unknown as Agent;
    await signIn(spoofed, email).expect(200);
    const all = (await agent.get('/api/v1/me/sessions')).body as { address: string }[];
    expect(all.map((each) => each.address)).not.toContain('1.2.3.4');
  });
});
