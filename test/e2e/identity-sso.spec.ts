import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, startApp, type TestApp } from '../support/app.js';
import { browser, newAccount, pathOf } from '../support/browser.js';
import { CLIENT, startProvider, type TestProvider } from '../support/oidc.js';

let app: TestApp;
let provider: TestProvider;
let folder: string;
const organisation = randomUUID();
const password = 'correct horse battery';
const address = () => `zein.${randomUUID().slice(0, 8)}@buyer.example`;

beforeAll(async () => {
  provider = await startProvider('http://uplift.test/api/auth/callback/buyer');
  folder = mkdtempSync(join(tmpdir(), 'uplift-sso-'));
  const file = join(folder, 'sso.json');
  const entry = {
    id: 'buyer',
    name: 'Buyer',
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecretEnv: 'BUYER_SECRET',
    domains: ['buyer.example'],
    organisationId: organisation,
    role: 'reviewer',
  };
  const away = { ...entry, id: 'away', name: 'Away', issuer: 'http://127.0.0.1:9' };
  const trusting = { ...entry, id: 'trusting', secondFactor: true };
  writeFileSync(file, JSON.stringify([entry, away, trusting]));
  app = await startApp('identity-sso-test', { UPLIFT_SSO_FILE: file, BUYER_SECRET: CLIENT.secret });
  await app.sql(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Buyer', 'buyer', 'EG')`, [
    organisation,
  ]);
}, 120_000);
afterAll(async () => {
  await app?.stop();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => provider.behave('well'));

/** Begins at our side; answers the address at the provider. */
async function begin(agent: Agent, path = '/sign-in/social'): Promise<string> {
  const { body } = await agent.post(`/api/auth${path}`).send({ provider: 'buyer' }).expect(200);
  return body.url as string;
}
/** Signs in all the way; answers where the person ends up. */
async function signIn(agent: Agent, path?: string): Promise<string> {
  const back = await provider.through(await begin(agent, path));
  return (await agent.get(pathOf(back)).expect(302)).headers['location'] as string;
}
const nobody = async (agent: Agent) => agent.get('/api/v1/me').expect(401);

describe('signing in at an organisation’s own provider', () => {
  it('makes a member of the organisation in its role, once', async () => {
    const email = address();
    provider.person('zein', { email, email_verified: true, name: 'Zein' });
    const agent = browser(app);
    const asked = new URL(await begin(agent));
    expect(asked.searchParams.get('code_challenge_method')).toBe('S256');
    expect(asked.searchParams.get('nonce')).toBeTruthy();
    expect(asked.searchParams.get('state')).toBeTruthy();
    expect(await signIn(agent)).toBe('/api/v1/me');
    const me = (await agent.get('/api/v1/me').expect(200)).body;
    expect(me).toMatchObject({
      name: 'Zein',
      email,
      memberships: [{ organisationId: organisation, organisationKind: 'buyer', role: 'reviewer' }],
    });
    const [entry] = await app.sql(
      `SELECT actor FROM audit_entry WHERE subject = 'membership' AND organisation_id = $1`,
      [organisation],
    );
    expect(entry!['actor']).toBe(me.userId);
    // Who was taken out stays out, though the provider still knows them.
    await app.sql(`DELETE FROM membership WHERE user_id = $1`, [me.userId]);
    const again = browser(app);
    await signIn(again);
    expect((await again.get('/api/v1/me')).body).toMatchObject({ userId: me.userId, memberships: [] });
    const [account] = await app.sql(`SELECT * FROM auth.account WHERE "userId" = $1`, [me.userId]);
    expect(String(account!['accessToken'])).not.toMatch(/^[\w-]{43}$/);
    expect((await app.anonymous.get('/api/v1/sign-in-providers').expect(200)).body).toContainEqual({
      id: 'buyer',
      name: 'Buyer',
    });
  });

  it('never opens an account that is there already, whatever the provider says', async () => {
    const email = address();
    const owner = await newAccount(app, email, password);
    const thief = browser(app);
    provider.person('thief', { email, email_verified: true });
    expect(await signIn(thief)).toContain('error=account_not_linked');
    await nobody(thief);
    // Its owner may link the two, from inside.
    provider.person('owner', { email, email_verified: true });
    expect(await signIn(owner, '/link-social')).not.toContain('error');
    const later = browser(app);
    await signIn(later);
    expect((await later.get('/api/v1/me').expect(200)).body.email).toBe(email);
  });

  it('a provider that says somebody has another’s address now changes nothing', async () => {
    const mine = address();
    const theirs = address();
    await newAccount(app, theirs, password);
    provider.person('changing', { email: mine, email_verified: true });
    const first = browser(app);
    await signIn(first);
    provider.person('changing', { email: theirs, email_verified: true });
    const second = browser(app);
    await signIn(second);
    expect((await second.get('/api/v1/me').expect(200)).body.email).toBe(mine);
  });

  it.each([
    [
      'an address it hasn’t verified',
      'unverified',
      { email: address(), email_verified: false },
      'address_not_verified',
    ],
    [
      'an address of another domain',
      'outside',
      { email: 'x@elsewhere.example', email_verified: true },
      'address_not_allowed',
    ],
    [
      'a domain that only looks like its own',
      'alike',
      { email: 'x@evilbuyer.example', email_verified: true },
      'address_not_allowed',
    ],
    [
      'a subdomain of its own',
      'below',
      { email: 'x@sub.buyer.example', email_verified: true },
      'address_not_allowed',
    ],
  ])('refuses %s', async (_, sub, claims, error) => {
    provider.person(sub, claims);
    const agent = browser(app);
    expect(await signIn(agent)).toContain(`error=${error}`);
    await nobody(agent);
    expect(await app.sql(`SELECT 1 FROM auth."user" WHERE email = $1`, [claims.email])).toEqual([]);
  });

  it('refuses somebody whose address moved out of the domain', async () => {
    provider.person('moving', { email: address(), email_verified: true });
    await signIn(browser(app));
    provider.person('moving', { email: 'moving@elsewhere.example', email_verified: true });
    const agent = browser(app);
    expect(await signIn(agent)).toContain('error=address_not_allowed');
    await nobody(agent);
  });
});

describe('what comes back from the provider', () => {
  it('counts once, and in the browser that asked', async () => {
    provider.person('replayed', { email: address(), email_verified: true });
    const agent = browser(app);
    const back = await provider.through(await begin(agent));
    const other = browser(app);
    expect((await other.get(pathOf(back)).expect(302)).headers['location']).toContain('error=');
    await nobody(other);
    const fresh = await provider.through(await begin(agent));
    await agent.get(pathOf(fresh)).expect(302);
    await agent.get('/api/v1/me').expect(200);
    const replay = browser(app);
    expect((await replay.get(pathOf(fresh)).expect(302)).headers['location']).toContain('error=');
    await nobody(replay);
  });

  it('a code of another sign-in is worth nothing: it lacks the verifier and the nonce', async () => {
    provider.person('injected', { email: address(), email_verified: true });
    const victim = await provider.through(await begin(browser(app)));
    const thief = browser(app);
    const own = new URL(await provider.through(await begin(thief)));
    own.searchParams.set('code', new URL(victim).searchParams.get('code')!);
    expect((await thief.get(pathOf(own.href)).expect(302)).headers['location']).toContain(
      'error=invalid_code',
    );
    await nobody(thief);
  });

  it('without a state, or with a made-up one, signs nobody in', async () => {
    const agent = browser(app);
    for (const query of ['code=x', 'code=x&state=made-up', 'error=access_denied&state=made-up'])
      expect(
        (await agent.get(`/api/auth/callback/buyer?${query}`).expect(302)).headers['location'],
      ).toContain('error=');
    await nobody(agent);
  });
});

describe('a provider that doesn’t answer', () => {
  it('is said to be away, and is nobody else’s trouble', async () => {
    const answer = await browser(app).post('/api/auth/sign-in/social').send({ provider: 'away' }).expect(503);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ code: 'provider-unreachable' });
    await newAccount(app, address(), password);
  });

  it.each(['down', 'hang'] as const)(
    'when it is asked for the code: %s',
    async (how) => {
      provider.person(`late-${how}`, { email: address(), email_verified: true });
      const agent = browser(app);
      const back = await provider.through(await begin(agent));
      provider.behave(how);
      expect((await agent.get(pathOf(back)).expect(302)).headers['location']).toContain(
        'error=provider_unreachable',
      );
      await nobody(agent);
    },
    30_000,
  );

  it('from the start, slow: the wait ends', async () => {
    provider.behave('hang');
    const { body } = await browser(app)
      .post('/api/auth/sign-in/social')
      .send({ provider: 'trusting' })
      .expect(503);
    expect(body).toMatchObject({ code: 'provider-unreachable' });
    provider.behave('well');
    await browser(app).post('/api/auth/sign-in/social').send({ provider: 'trusting' }).expect(200);
  }, 30_000);
});
