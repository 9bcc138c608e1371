import { DomainError } from '#domain';
import type { SignOnProvider } from '#platform';
import { validateAuthorizationCode } from 'better-auth/oauth2';
import type { GenericOAuthConfig } from 'better-auth/plugins';
import { AsyncLocalStorage } from 'node:async_hooks';

/** How long a provider may take for each answer. */
const PATIENCE = 5_000;

/** What the running request learnt of its provider: better-auth itself only says that the code is no good. */
const trouble = new AsyncLocalStorage<{ unreachable?: boolean }>();

/** Runs a callback and says afterwards whether it failed because the provider didn't answer. */
export async function watchingProvider(work: () => Promise<Response>): Promise<Response> {
  const seen: { unreachable?: boolean } = {};
  const response = await trouble.run(seen, work);
  const location = response.headers.get('location');
  if (!seen.unreachable || !location) return response;
  const headers = new Headers(response.headers);
  headers.set('location', location.replace(/([?&]error=)[^&]*/, '$1provider_unreachable'));
  return new Response(null, { status: response.status, headers });
}

const unreachable = (provider: SignOnProvider): DomainError =>
  new DomainError(
    'provider-unreachable',
    `${provider.name} doesn't answer; nobody can sign in there at the moment.`,
    [{ field: 'provider', message: 'no answer', fix: 'Try again in a few minutes, or sign in another way.' }],
    'unavailable',
  );

interface Discovered {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly userinfo_endpoint?: string;
  readonly code_challenge_methods_supported?: readonly string[];
}

async function answerOf<T>(address: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(address, { ...init, signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`${response.status}`);
  return (await response.json()) as T;
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  return Promise.race([
    work,
    new Promise<never>((_, no) => {
      timer = setTimeout(() => no(new Error('took too long')), PATIENCE);
    }),
  ]).finally(() => clearTimeout(timer));
}

/**
 * The instances of better-auth that talk to providers, one each, made at first use: a provider that is down or slow when
 * the API starts, or later, is nobody else's trouble.
 */
export class SingleSignOn<
  Auth extends { handler(request: Request): Promise<Response>; $context: Promise<unknown> },
> {
  private readonly made = new Map<string, Promise<Auth>>();

  constructor(
    private readonly providers: readonly SignOnProvider[],
    private readonly make: (provider: SignOnProvider, config: GenericOAuthConfig) => Auth,
  ) {}

  /** The provider that a request under `/api/auth` is about. */
  of(path: string, body: Readonly<Record<string, unknown>>): SignOnProvider | undefined {
    const id = path.startsWith('/callback/')
      ? path.slice('/callback/'.length)
      : ['/sign-in/social', '/link-social'].includes(path)
        ? body['provider']
        : undefined;
    return this.providers.find((provider) => provider.id === id);
  }

  /** @throws DomainError `provider-unreachable`. */
  async instance(provider: SignOnProvider): Promise<Auth> {
    const made = this.made.get(provider.id) ?? this.connect(provider);
    this.made.set(provider.id, made);
    return made.catch((error: unknown) => {
      this.made.delete(provider.id);
      throw error instanceof DomainError ? error : unreachable(provider);
    });
  }

  private async connect(provider: SignOnProvider): Promise<Auth> {
    const discoveryUrl = `${provider.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
    const found = await answerOf<Discovered>(discoveryUrl);
    if (found.issuer.replace(/\/+$/, '') !== provider.issuer.replace(/\/+$/, '')) throw unreachable(provider);
    const auth = this.make(provider, configOf(provider, discoveryUrl, found));
    // It looks the provider up once more, and would wait for ever.
    await within(auth.$context);
    return auth;
  }
}

function configOf(provider: SignOnProvider, discoveryUrl: string, found: Discovered): GenericOAuthConfig {
  const reach = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await within(work);
    } catch (error) {
      // An answer with a status is a refusal: the code was no good. Everything else is no answer.
      const status = (error as { status?: number }).status;
      const told = trouble.getStore();
      if (told && (!status || status >= 500)) told.unreachable = true;
      throw error;
    }
  };
  return {
    providerId: provider.id,
    name: provider.name,
    discoveryUrl,
    requireIdTokenVerification: true,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    scopes: ['openid', 'email', 'profile'],
    pkce: true,
    getToken: ({ code, redirectURI, codeVerifier }) =>
      reach(
        validateAuthorizationCode({
          code,
          redirectURI,
          ...(codeVerifier !== undefined && { codeVerifier }),
          options: { clientId: provider.clientId, clientSecret: provider.clientSecret, redirectURI },
          tokenEndpoint: found.token_endpoint,
          authentication: 'basic',
        }),
      ),
    // The id token has been verified by then.
    getUserInfo: async ({ idToken, accessToken }) => {
      const claims = JSON.parse(
        Buffer.from((idToken ?? '').split('.')[1] ?? '', 'base64url').toString() || '{}',
      ) as Record<string, unknown>;
      const info =
        claims['email'] === undefined && found.userinfo_endpoint && accessToken
          ? await reach(
              answerOf<Record<string, unknown>>(found.userinfo_endpoint, {
                headers: { authorization: `Bearer ${accessToken}` },
              }),
            ).catch(() => null)
          : claims;
      return info && ({ ...info, id: info['sub'], emailVerified: info['email_verified'] === true } as never);
    },
  };
}

/** Why a provider's person isn't let in, or nothing. */
export function refusalOf(
  provider: SignOnProvider,
  { email, emailVerified }: { email?: string | null; emailVerified?: boolean },
): { error: string; errorDescription: string } | undefined {
  const domain = (email ?? '').toLowerCase().split('@').at(-1) ?? '';
  if (!provider.domains.includes(domain))
    return {
      error: 'address_not_allowed',
      errorDescription: `${provider.name} may not vouch for this address.`,
    };
  if (emailVerified !== true)
    return {
      error: 'address_not_verified',
      errorDescription: `${provider.name} hasn't verified this address.`,
    };
  return undefined;
}
