import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import supertest from 'supertest';
import { type Agent, bytes, type Person, startApp, type TestApp } from '../support/app.js';
import { Authenticator, codeOf } from '../support/authenticator.js';
import { browser, newAccount, pathOf } from '../support/browser.js';

let app: TestApp;
const password = 'correct horse battery';
const address = () => `amal.${randomUUID().slice(0, 8)}@example.org`;

/** An organisation with an owner. */
async function organisation(kind = 'supplier'): Promise<{ id: string; owner: Person }> {
  const id = randomUUID();
  await app.sql(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Nile Foods', $2, 'EG')`, [
    id,
    kind,
  ]);
  return { id, owner: await app.person('Owner', [[id, 'owner']]) };
}

beforeAll(async () => {
  app = await startApp('identity-test', { UPLIFT_TOTP_ROLES: 'owner,programme-manager,reviewer,decider' });
}, 120_000);
afterAll(() => app?.stop());

describe('an account', () => {
  it('counts from when its address has been confirmed', async () => {
    const email = address();
    const agent = browser(app);
    await agent.post('/api/auth/sign-up/email').send({ name: 'Amal', email, password }).expect(200);
    await agent.post('/api/auth/sign-in/email').send({ email, password }).expect(403);
    await agent.get('/api/v1/me').expect(401);
    await agent.get(pathOf((await app.mail(email, /Is this your/)).link)).expect(302);
    await agent.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
    expect((await agent.get('/api/v1/me').expect(200)).body).toMatchObject({ email, memberships: [] });
  });

  it('needs no password: a link by e-mail signs in, once, and makes the account', async () => {
    const email = address();
    const agent = browser(app);
    await agent.post('/api/auth/sign-in/magic-link').set('accept-language', 'es').send({ email }).expect(200);
    const { link, text } = await app.mail(email, /Su enlace para entrar/);
    expect(text).toContain('15 minutos');
    await agent.get(pathOf(link)).expect(302);
    expect((await agent.get('/api/v1/me').expect(200)).body).toMatchObject({ email });
    const founded = { name: 'By link', kind: 'supplier', country: 'EG' };
    await agent.post('/api/v1/organisations').send(founded).expect(201);
    expect(
      await app.sql(
        `SELECT DISTINCT body::jsonb ->> 'by' AS by FROM audit_entry WHERE body LIKE '%By link%'`,
      ),
    ).toEqual([{ by: 'e-mail-link' }]);
    const again = browser(app);
    expect((await again.get(pathOf(link)).expect(302)).headers['location']).toContain('error=INVALID_TOKEN');
    await again.get('/api/v1/me').expect(401);
  });

  it('a link runs out', async () => {
    const email = address();
    const agent = browser(app);
    await agent.post('/api/auth/sign-in/magic-link').send({ email }).expect(200);
    const { link } = await app.mail(email, /Your link/);
    await app.sql(`UPDATE auth.verification SET "expiresAt" = now() - interval '1 second'`);
    expect((await agent.get(pathOf(link))).headers['location']).toContain('error=INVALID_TOKEN');
    await agent.get('/api/v1/me').expect(401);
  });

  it('a link throws out whoever took the address before its owner confirmed it', async () => {
    const email = address();
    await browser(app).post('/api/auth/sign-up/email').send({ name: 'Thief', email, password }).expect(200);
    const owner = browser(app);
    await owner.post('/api/auth/sign-in/magic-link').send({ email }).expect(200);
    await owner.get(pathOf((await app.mail(email, /Your link/)).link)).expect(302);
    await owner.get('/api/v1/me').expect(200);
    await browser(app).post('/api/auth/sign-in/email').send({ email, password }).expect(401);
  });

  it('a forgotten password is replaced once, and every session ends', async () => {
    const email = address();
    const agent = await newAccount(app, email, password);
    await agent.get('/api/v1/me').expect(200);
    await browser(app).post('/api/auth/request-password-reset').send({ email }).expect(200);
    const { link } = await app.mail(email, /new password/);
    const token = new URL(link).pathname.split('/').at(-1);
    const reset = (newPassword: string) =>
      browser(app).post('/api/auth/reset-password').send({ token, newPassword });
    await reset('another horse battery').expect(200);
    await reset('a third horse battery').expect(400);
    await agent.get('/api/v1/me').expect(401);
    await browser(app).post('/api/auth/sign-in/email').send({ email, password }).expect(401);
    await browser(app)
      .post('/api/auth/sign-in/email')
      .send({ email, password: 'another horse battery' })
      .expect(200);
  });
});

describe('a role that looks after others takes a second factor', () => {
  let agency: string;
  const join = (userId: string, role = 'reviewer') =>
    app.sql(`INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4)`, [
      randomUUID(),
      userId,
      agency,
      role,
    ]);
  const enrol = async (agent: Agent): Promise<{ uri: string; backupCodes: string[] }> => {
    const { body } = await agent.post('/api/auth/two-factor/enable').send({ password }).expect(200);
    await agent
      .post('/api/auth/two-factor/verify-totp')
      .send({ code: codeOf(body.totpURI) })
      .expect(200);
    return { uri: body.totpURI, backupCodes: body.backupCodes };
  };
  const reviewer = async (): Promise<{ email: string; agent: Agent; id: string }> => {
    const email = address();
    const agent = await newAccount(app, email, password);
    const id = (await agent.get('/api/v1/me').expect(200)).body.userId as string;
    await join(id);
    return { email, agent, id };
  };

  beforeAll(async () => {
    agency = (await organisation('development-agency')).id;
  });

  it('without it only the own account is open', async () => {
    const { agent } = await reviewer();
    const me = (await agent.get('/api/v1/me').expect(200)).body;
    expect(me.secondFactor).toEqual({ required: true, given: null, enrolled: false });
    for (const path of ['/api/v1/sites', '/api/v1/assessments', '/api/v1/organisations'])
      expect((await agent.get(path).expect(403)).body).toMatchObject({ code: 'second-factor-required' });
    await agent.get('/api/v1/me/sessions').expect(200);
    await enrol(agent);
    await agent.get('/api/v1/sites').expect(200);
  });

  it.each([
    ['supplier', 'owner', 200],
    ['buyer', 'owner', 403],
    ['development-agency', 'programme-manager', 403],
    ['assessment-provider', 'assessor', 200],
  ] as const)('%s, %s: %i', async (kind, role, status) => {
    const { id } = await organisation(kind);
    const person = await app.person('Somebody', [[id, role]]);
    await person.agent.get('/api/v1/sites').expect(status);
  });

  it('is asked for at every sign-in: a code of the app, or a backup code that works once', async () => {
    const { agent, email } = await reviewer();
    const { uri, backupCodes } = await enrol(agent);
    const signIn = async (): Promise<Agent> => {
      const next = browser(app);
      const { body } = await next.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
      expect(body).toMatchObject({ twoFactorRedirect: true });
      await next.get('/api/v1/me').expect(401);
      return next;
    };
    const wrong = await signIn();
    await wrong.post('/api/auth/two-factor/verify-totp').send({ code: '000000' }).expect(401);
    await wrong
      .post('/api/auth/two-factor/verify-totp')
      .send({ code: codeOf(uri) })
      .expect(200);
    await wrong.get('/api/v1/sites').expect(200);
    const code = backupCodes[0];
    const spare = await signIn();
    await spare.post('/api/auth/two-factor/verify-backup-code').send({ code }).expect(200);
    await spare.get('/api/v1/sites').expect(200);
    await (await signIn()).post('/api/auth/two-factor/verify-backup-code').send({ code }).expect(401);
  });

  it('isn’t got round by a link by e-mail, which can’t take it away either', async () => {
    const { agent, email } = await reviewer();
    const { uri } = await enrol(agent);
    const thief = browser(app);
    await thief.post('/api/auth/sign-in/magic-link').send({ email }).expect(200);
    await thief.get(pathOf((await app.mail(email, /Your link/)).link)).expect(302);
    await thief.get('/api/v1/sites').expect(403);
    for (const [path, body] of [
      ['disable', { password }],
      ['enable', { password }],
      ['get-totp-uri', { password }],
      ['generate-backup-codes', { password }],
    ] as const)
      expect((await thief.post(`/api/auth/two-factor/${path}`).send(body)).body.code).toBe(
        'second-factor-required',
      );
    await thief.get('/api/auth/passkey/generate-register-options').expect(403);
    await thief
      .post('/api/auth/change-password')
      .send({ currentPassword: password, newPassword: 'quite another horse' })
      .expect(403);
    // With the code it is the owner's session after all.
    await thief
      .post('/api/auth/two-factor/verify-totp')
      .send({ code: codeOf(uri) })
      .expect(200);
    await thief.get('/api/v1/sites').expect(200);
  });

  it('codes can’t be guessed from inside a session', async () => {
    const { agent, email } = await reviewer();
    await enrol(agent);
    const thief = browser(app);
    await thief.post('/api/auth/sign-in/magic-link').send({ email }).expect(200);
    await thief.get(pathOf((await app.mail(email, /Your link/)).link)).expect(302);
    const statuses = [];
    for (let n = 0; n < 12; n += 1)
      statuses.push(
        (await thief.post('/api/auth/two-factor/verify-totp').send({ code: String(100000 + n) })).status,
      );
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.slice(-4)).toEqual([429, 429, 429, 429]);
  });

  it('a passkey that has checked its user is one, and signs in by itself', async () => {
    const { agent } = await reviewer();
    const device = new Authenticator(app.config.baseUrl);
    const options = (await agent.get('/api/auth/passkey/generate-register-options').expect(200)).body;
    expect(options.authenticatorSelection).toMatchObject({ userVerification: 'required' });
    await agent
      .post('/api/auth/passkey/verify-registration')
      .send({ response: device.register(options), name: 'phone' })
      .expect(200);
    // From now on this session, which has no second factor, may not add another.
    await agent.get('/api/auth/passkey/generate-register-options').expect(403);
    const signIn = async (verified: boolean): Promise<Agent> => {
      const next = browser(app);
      const asked = (await next.get('/api/auth/passkey/generate-authenticate-options').expect(200)).body;
      await next
        .post('/api/auth/passkey/verify-authentication')
        .send({ response: device.sign(asked, verified) })
        .expect(200);
      return next;
    };
    await (await signIn(true)).get('/api/v1/sites').expect(200);
    await (await signIn(false)).get('/api/v1/sites').expect(403);
    const asked = (await browser(app).get('/api/auth/passkey/generate-authenticate-options')).body;
    const forged = new Authenticator(app.config.baseUrl).sign(asked);
    const stranger = browser(app);
    await stranger.get('/api/auth/passkey/generate-authenticate-options').expect(200);
    expect(
      (await stranger.post('/api/auth/passkey/verify-authentication').send({ response: forged })).status,
    ).toBe(401);
  });

  it('who had a cookie before the role came needs it from then on', async () => {
    const email = address();
    const agent = await newAccount(app, email, password);
    const id = (await agent.get('/api/v1/me')).body.userId as string;
    await agent.get('/api/v1/sites').expect(200);
    await join(id, 'decider');
    await agent.get('/api/v1/sites').expect(403);
    await app.sql(`DELETE FROM membership WHERE user_id = $1`, [id]);
    await agent.get('/api/v1/sites').expect(200);
  });
});

describe('sessions', () => {
  it('are shown with device, address and last use, and can be ended', async () => {
    const email = address();
    const agent = await newAccount(app, email, password);
    const other = browser(app, '203.0.113.9').set('user-agent', 'Phone') as unknown as Agent;
    await other.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
    const third = browser(app);
    await third.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
    const { body } = await agent.get('/api/v1/me/sessions').expect(200);
    expect(body).toHaveLength(3);
    const phone = body.find((each: { device: string }) => each.device === 'Phone');
    expect(phone).toMatchObject({ address: '203.0.113.9', current: false, lastUsedAt: expect.any(String) });
    expect(JSON.stringify(body)).not.toMatch(/token/);
    await agent.delete(`/api/v1/me/sessions/${phone.id}`).expect(204);
    await other.get('/api/v1/me').expect(401);
    await agent.delete(`/api/v1/me/sessions/${phone.id}`).expect(404);
    const stranger = await newAccount(app, address(), password);
    const mine = body.find((each: { current: boolean }) => each.current);
    await stranger.delete(`/api/v1/me/sessions/${mine.id}`).expect(404);
    expect((await agent.post('/api/v1/me/sessions/end-others').expect(200)).body).toEqual({ ended: 1 });
    await third.get('/api/v1/me').expect(401);
    await agent.get('/api/v1/me').expect(200);
    // The library's own list would hand out the sessions' secrets.
    await agent.get('/api/auth/list-sessions').expect(404);
    await agent.post('/api/auth/sign-out').send({}).expect(200);
    await agent.get('/api/v1/me').expect(401);
  });
});

describe('an invitation', () => {
  const invite = async (owner: Person, id: string, body: Record<string, unknown>) => {
    const answer = await owner.agent.post(`/api/v1/organisations/${id}/invitations`).send(body);
    expect(answer.status).toBe(201);
    return answer.body.id as string;
  };
  const tokenOf = (link: string) => new URL(link).hash.slice(1);
  const accept = (agent: Agent, body: object) => agent.post('/api/v1/invitations/accept').send(body);

  it('makes the account of whoever has the mail, once', async () => {
    const { id, owner } = await organisation();
    const email = address();
    await invite(owner, id, { email, role: 'qa-manager', language: 'ar' });
    const mail = await app.mail(email, /Nile Foods/);
    expect(mail.text).toContain('مسؤول الجودة');
    const token = tokenOf(mail.link);
    expect((await accept(app.anonymous, { token }).expect(422)).body.code).toBe('account-details-required');
    expect((await accept(app.anonymous, { token, name: 'Amal', password: 'short' })).status).toBe(400);
    expect((await accept(app.anonymous, { token, name: 'Amal', password }).expect(201)).body).toEqual({
      organisationId: id,
      role: 'qa-manager',
    });
    const agent = browser(app);
    await agent.post('/api/auth/sign-in/email').send({ email, password }).expect(200);
    expect((await agent.get('/api/v1/me')).body.memberships).toEqual([
      { organisationId: id, organisationKind: 'supplier', role: 'qa-manager' },
    ]);
    expect((await accept(app.anonymous, { token, name: 'Amal', password }).expect(409)).body.code).toBe(
      'invitation-used',
    );
    const { body } = await owner.agent.get(`/api/v1/organisations/${id}/invitations`).expect(200);
    expect(body.items).toMatchObject([{ email, state: 'accepted', acceptedBy: 'Amal', invitedBy: 'Owner' }]);
    expect(JSON.stringify(body)).not.toContain(token);
    const stored =
      JSON.stringify(await app.sql(`SELECT * FROM invitation`)) +
      JSON.stringify(await app.sql(`SELECT payload FROM outbox`));
    expect(stored).not.toContain(token);
    const trail = JSON.stringify(await app.sql(`SELECT body FROM audit_entry WHERE subject = 'invitation'`));
    expect(trail).not.toContain('token_hash');
    expect(trail).not.toContain(email);
    const joined = await app.sql(
      `SELECT body::jsonb ->> 'by' AS by FROM audit_entry WHERE subject = 'membership' AND organisation_id = $1 ORDER BY seq`,
      [id],
    );
    expect(joined).toEqual([{ by: null }, { by: expect.stringMatching(/^invitation:[0-9a-f-]{36}$/) }]);
  });

  it('is for its address alone: to another it looks like none', async () => {
    const { id, owner } = await organisation();
    const email = address();
    await invite(owner, id, { email, role: 'viewer' });
    const token = tokenOf((await app.mail(email, /Nile Foods/)).link);
    const stranger = await newAccount(app, address(), password);
    const foreign = await accept(stranger, { token }).expect(404);
    const unknown = await accept(stranger, { token: 'A'.repeat(43) }).expect(404);
    expect(foreign.body).toEqual(unknown.body);
    const invited = await newAccount(app, email, password);
    expect((await accept(app.anonymous, { token, name: 'X', password }).expect(409)).body.code).toBe(
      'sign-in-to-accept',
    );
    await accept(invited, { token }).expect(201);
    await accept(invited, { token }).expect(409);
    expect((await accept(stranger, { token }).expect(404)).body).toEqual(unknown.body);
  });

  it('runs out, can be taken back, and ends with the right to give it', async () => {
    const { id, owner } = await organisation();
    const email = address();
    const invited = await newAccount(app, email, password);
    await invite(owner, id, { email, role: 'viewer' });
    const first = await app.mail(email, /Nile Foods/);
    await app.sql(
      `UPDATE invitation SET expires_at = now() - interval '1 second' WHERE organisation_id = $1`,
      [id],
    );
    expect((await accept(invited, { token: tokenOf(first.link) }).expect(409)).body.code).toBe(
      'invitation-expired',
    );
    const second = await invite(owner, id, { email, role: 'viewer' });
    const next = await app.mail(email, /Nile Foods/, [first.file]);
    await owner.agent.post(`/api/v1/organisations/${id}/invitations/${second}/revoke`).expect(204);
    expect((await accept(invited, { token: tokenOf(next.link) }).expect(404)).body.code).toBe(
      'invitation-unknown',
    );
    await invite(owner, id, { email, role: 'viewer' });
    const third = await app.mail(email, /Nile Foods/, [first.file, next.file]);
    await app.sql(`DELETE FROM membership WHERE organisation_id = $1`, [id]);
    expect((await accept(invited, { token: tokenOf(third.link) }).expect(404)).body.code).toBe(
      'invitation-unknown',
    );
    expect((await invited.get('/api/v1/me')).body.memberships).toEqual([]);
  });

  it('is an owner’s to give; a stranger sees no organisation there', async () => {
    const { id } = await organisation();
    const manager = await app.person('Manager', [[id, 'qa-manager']]);
    for (const who of [manager, await app.person('Stranger')]) {
      await who.agent
        .post(`/api/v1/organisations/${id}/invitations`)
        .send({ email: address(), role: 'viewer' })
        .expect(404);
      await who.agent.get(`/api/v1/organisations/${id}/invitations`).expect(404);
    }
  });
});

describe('an API token', () => {
  const make = async (owner: Person, id: string, scopes: string[]) =>
    (
      await owner.agent
        .post(`/api/v1/organisations/${id}/api-tokens`)
        .send({ name: 'ERP', scopes, expiresInDays: 30 })
        .expect(201)
    ).body as { id: string; token: string; prefix: string };
  const withToken = (token: string): Agent => {
    const agent = supertest.agent(app.url);
    agent.set('authorization', `Bearer ${token}`);
    return agent;
  };

  it('acts within its scopes, for one organisation, until it is revoked', async () => {
    const { id, owner } = await organisation();
    const elsewhere = await organisation();
    await app.sql(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`,
      [randomUUID(), owner.id, elsewhere.id],
    );
    const reading = await make(owner, id, ['read']);
    expect(reading.token).toMatch(/^uplift_[\w-]{43}$/);
    const reader = withToken(reading.token);
    expect((await reader.get('/api/v1/me').expect(200)).body.memberships).toMatchObject([
      { organisationId: id },
    ]);
    const site = { organisationId: id, name: 'Plant', country: 'EG' };
    expect((await reader.post('/api/v1/sites').send(site).expect(403)).body.code).toBe('scope-required');
    const managing = withToken((await make(owner, id, ['read', 'manage'])).token);
    await managing.post('/api/v1/sites').send(site).expect(201);
    // The trail says that the token did it, on behalf of whom, and to its owners what it is called.
    const acted = await app.sql(
      `SELECT id FROM api_token WHERE organisation_id = $1 AND 'manage' = ANY (scopes)`,
      [id],
    );
    const by = `token:${acted[0]!['id']}`;
    const { body: read } = await owner.agent.get(`/api/v1/organisations/${id}/audit?by=${by}`).expect(200);
    expect(read.items).toMatchObject([
      { subject: 'site', action: 'insert', actor: owner.id, by, byName: 'ERP' },
    ]);
    const { body: lines } = await owner.agent
      .get(`/api/v1/organisations/${id}/audit?subject=site`)
      .set('accept', 'application/x-ndjson')
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(JSON.parse(JSON.parse(lines.toString()).body)).toMatchObject({ actor: owner.id, by });
    await managing
      .post('/api/v1/sites')
      .send({ ...site, organisationId: elsewhere.id })
      .expect(404);
    for (const [method, path] of [
      ['get', `/api/v1/organisations/${id}/api-tokens`],
      ['post', `/api/v1/organisations/${id}/api-tokens`],
      ['post', `/api/v1/organisations/${id}/invitations`],
      ['get', '/api/v1/me/sessions'],
      ['post', '/api/v1/organisations'],
    ] as const)
      expect((await managing[method](path).send(method === 'get' ? undefined : {})).body.code).toBe(
        'scope-required',
      );
    const { body } = await owner.agent.get(`/api/v1/organisations/${id}/api-tokens`).expect(200);
    expect(body).toHaveLength(2);
    expect(body[1]).toMatchObject({
      name: 'ERP',
      prefix: reading.prefix,
      lastUsedAt: expect.any(String),
      createdBy: 'Owner',
    });
    expect(JSON.stringify(body)).not.toContain(reading.token);
    expect(JSON.stringify(await app.sql(`SELECT * FROM api_token`))).not.toContain(reading.token);
    const trail = JSON.stringify(await app.sql(`SELECT body FROM audit_entry WHERE subject = 'api_token'`));
    expect(trail).toContain('ERP');
    expect(trail).not.toMatch(/token_hash|last_used_at/);
    await owner.agent.post(`/api/v1/organisations/${id}/api-tokens/${reading.id}/revoke`).expect(204);
    await reader.get('/api/v1/me').expect(401);
  });

  it('expires, and ends when its person leaves', async () => {
    const { id, owner } = await organisation();
    const short = await make(owner, id, ['read']);
    await app.sql(`UPDATE api_token SET expires_at = now() - interval '1 second' WHERE id = $1`, [short.id]);
    await withToken(short.token).get('/api/v1/me').expect(401);
    const long = await make(owner, id, ['read']);
    await app.sql(`DELETE FROM membership WHERE organisation_id = $1`, [id]);
    await withToken(long.token).get('/api/v1/me').expect(401);
    await withToken('uplift_nonsense').get('/api/v1/me').expect(401);
    expect(
      (
        await owner.agent
          .post(`/api/v1/organisations/${id}/api-tokens`)
          .send({ name: 'x', scopes: ['read'], expiresInDays: 366 })
      ).status,
    ).toBe(400);
  });

  it('isn’t kept in plain for an Idempotency-Key', async () => {
    const { id, owner } = await organisation();
    const answer = await owner.agent
      .post(`/api/v1/organisations/${id}/api-tokens`)
      .set('idempotency-key', 'once')
      .send({ name: 'x', scopes: ['read'], expiresInDays: 1 });
    expect(answer.body.code).toBe('idempotency-key-refused');
  });
});

describe('in the database', () => {
  it.each([
    ['uplift_identity', 'SELECT 1 FROM public.organisation', false],
    ['uplift_identity', 'SELECT 1 FROM public.membership', false],
    ['uplift_identity', 'SELECT password FROM auth.account', true],
    ['uplift_api', 'SELECT 1 FROM auth."user"', false],
    ['uplift_api', 'SELECT token_hash FROM invitation', false],
    ['uplift_api', 'SELECT token_hash FROM api_token', false],
    ['uplift_api', `SELECT join_by_single_sign_on('x', '${randomUUID()}', 'decider')`, false],
    ['uplift_worker', 'SELECT id, name, email FROM auth."user"', true],
    ['uplift_worker', 'SELECT * FROM auth."user"', false],
    ['uplift_worker', 'SELECT token FROM auth.session', false],
    ['uplift_worker', 'DELETE FROM auth.attempt', true],
    ['uplift_worker', `DELETE FROM auth.session WHERE "expiresAt" < '2000-01-01'`, true],
  ])('%s: %s: %s', async (role, statement, allowed) => {
    const client = new pg.Client({ connectionString: app.config.databaseUrl, options: `-c role=${role}` });
    await client.connect();
    try {
      const done = await client.query(statement).then(
        () => true,
        (error: { code: string }) => {
          expect(error.code).toBe('42501');
          return false;
        },
      );
      expect(done).toBe(allowed);
    } finally {
      await client.end();
    }
  });
});
