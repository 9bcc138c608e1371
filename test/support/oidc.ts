import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import supertest from 'supertest';

/** What a provider says of somebody. */
export interface Claims {
  readonly email: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

/** A real OpenID Connect provider (package `oidc-provider`) that signs in whoever the test says. */
export interface TestProvider {
  readonly issuer: string;
  /** Who is at the keyboard, and what the provider says of them from now on. */
  person(sub: string, claims: Claims): void;
  /** How it behaves: `hang` takes connections and never answers, `down` drops them. */
  behave(how: 'well' | 'hang' | 'down'): void;
  /** Goes through its pages, from the address it is asked at to the one it sends back to. */
  through(address: string): Promise<string>;
  stop(): Promise<void>;
}

export const CLIENT = { id: 'uplift', secret: 'a secret only for tests, of some length' };

/** Starts the provider; `callback` is where it sends people back. */
export async function startProvider(callback: string): Promise<TestProvider> {
  const claims = new Map<string, Claims>();
  let current = '';
  let how: 'well' | 'hang' | 'down' = 'well';
  const server: Server = createServer((request, response) => {
    if (how === 'down') return void request.socket.destroy();
    if (how === 'hang') return;
    if (!request.url!.startsWith('/interaction/')) return void provider.callback()(request, response);
    void (async () => {
      const { params } = await provider.interactionDetails(request, response);
      const grant = new provider.Grant({ accountId: current, clientId: String(params['client_id']) });
      grant.addOIDCScope(String(params['scope']));
      await provider.interactionFinished(request, response, {
        login: { accountId: current },
        consent: { grantId: await grant.save() },
      });
    })();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [callback] }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => Promise.resolve({ sub, ...claims.get(sub) }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['only for tests'] },
  });
  return {
    issuer,
    person(sub, given) {
      current = sub;
      claims.set(sub, given);
    },
    behave(next) {
      how = next;
      server.closeAllConnections();
    },
    async through(address) {
      const agent = supertest.agent(issuer);
      let next = address;
      for (let hops = 0; hops < 10 && next.startsWith(issuer); hops += 1) {
        const answer = await agent.get(next.slice(issuer.length)).redirects(0);
        const location = answer.headers['location'] as string | undefined;
        if (!location) throw new Error(`The provider stopped at ${next}: ${answer.status} ${answer.text}`);
        next = new URL(location, issuer).href;
      }
      return next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
