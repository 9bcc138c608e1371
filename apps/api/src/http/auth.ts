import {
  type Actor,
  type ApiTokensService,
  type Identity,
  type PartiesService,
  TOKEN_MARK,
} from '#application';
import { DomainError } from '#domain';
import type { Config } from '#platform';
import {
  applyDecorators,
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { scopeOf } from './token-scopes.js';

const PUBLIC = 'uplift:public';
const PEOPLE_ONLY = 'uplift:people-only';
const ONE_FACTOR = 'uplift:one-factor';
export const SECRET_ANSWER = 'uplift:secret-answer';
/** How `Public` tells whoever describes the operation. */
export const OPEN = 'x-uplift-open';
/** How `SecretAnswer` does. */
export const SECRET = 'x-uplift-secret';

/** Marks a route that anyone may call. Everything else needs a signed-in person. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC, true), ApiExtension(OPEN, true));
/** Marks routes that no API token reaches, not even to read. */
export const PeopleOnly = () => SetMetadata(PEOPLE_ONLY, true);
/** Marks what a person may call before giving the second factor that their roles take. */
export const OneFactor = () => SetMetadata(ONE_FACTOR, true);
/** Marks what carries a secret and is therefore not kept for an `Idempotency-Key`. */
export const SecretAnswer = () =>
  applyDecorators(SetMetadata(SECRET_ANSWER, true), ApiExtension(SECRET, true));

type WithActor = FastifyRequest & { actor?: Actor };

/** The signed-in person behind the request. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const actor = context.switchToHttp().getRequest<WithActor>().actor;
  if (!actor) throw new UnauthorizedException();
  return actor;
});

/** The signed-in person, on a public route: null when there is none. */
export const MaybeActor = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<WithActor>().actor ?? null,
);

/** Lets in who is signed in, with their memberships as they are now. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(
    private readonly identity: Identity,
    private readonly parties: PartiesService,
    private readonly tokens: ApiTokensService,
    private readonly reflector: Reflector,
    private readonly settings: Pick<Config, 'baseUrl' | 'administrators' | 'secondFactorRoles'>,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const marked = (mark: string): boolean =>
      this.reflector.getAllAndOverride<boolean>(mark, [context.getHandler(), context.getClass()]) === true;
    const request = context.switchToHttp().getRequest<WithActor>();
    this.sameOrigin(request);
    const { authorization } = request.headers;
    if (
      authorization?.slice(0, 7).toLowerCase() === 'bearer ' &&
      authorization.slice(7).trim().startsWith(TOKEN_MARK)
    ) {
      if (marked(PUBLIC)) return true;
      request.actor = await this.byToken(request, authorization.slice(7).trim(), marked(PEOPLE_ONLY));
      return true;
    }
    const user = authorization || request.headers.cookie ? await this.identity.userOf(request.headers) : null;
    if (user) {
      const actor = await this.parties.actorOf(user);
      const administrator =
        user.emailVerified && this.settings.administrators.includes(user.email.toLowerCase());
      const required =
        this.identity.needsSecondFactor(actor.memberships) ||
        (administrator && this.settings.secondFactorRoles.length > 0);
      request.actor = {
        ...actor,
        sessionId: user.sessionId,
        ...(administrator && { administrator }),
        ...(user.byLink && { by: 'e-mail-link' }),
        secondFactor: { required, given: user.secondFactor, enrolled: user.enrolled },
      };
      if (required && !user.secondFactor && !marked(PUBLIC) && !marked(ONE_FACTOR))
        throw secondFactorRequired(user.enrolled);
    }
    if (!user && !marked(PUBLIC)) throw new UnauthorizedException();
    return true;
  }

  private async byToken(request: WithActor, token: string, peopleOnly: boolean): Promise<Actor> {
    const actor = await this.tokens.actorOf(token);
    if (!actor) throw new UnauthorizedException();
    const scope = peopleOnly ? null : scopeOf(request.method, request.url);
    if (!scope || !actor.token!.scopes.includes(scope))
      throw new DomainError(
        'scope-required',
        scope
          ? `This takes a token with the scope ${scope}.`
          : 'This takes a signed-in person; no token may do it.',
        [{ field: 'Authorization', message: 'not enough' }],
        'forbidden',
      );
    return actor;
  }

  /**
   * Browsers send cookies with whatever another site makes them send. So what changes something, and rests on a cookie,
   * must say that it comes from our own pages. Scripts send a bearer token, which no other site can.
   */
  private sameOrigin({ method, headers }: FastifyRequest): void {
    if (['GET', 'HEAD', 'OPTIONS'].includes(method) || headers.authorization !== undefined) return;
    if (!headers.cookie?.includes(`${this.identity.sessionCookie}=`)) return;
    const ours =
      headers.origin !== undefined
        ? headers.origin === new URL(this.settings.baseUrl).origin
        : headers['sec-fetch-site'] === 'same-origin';
    if (!ours)
      throw new DomainError(
        'foreign-origin',
        'A change by cookie must come from the pages of this product.',
        [
          {
            field: 'Origin',
            message: headers.origin ? 'another site' : 'missing',
            fix: `Send Origin: ${new URL(this.settings.baseUrl).origin}, or a bearer token.`,
          },
        ],
        'forbidden',
      );
  }
}

const secondFactorRequired = (enrolled: boolean): DomainError =>
  new DomainError(
    'second-factor-required',
    'Your role takes a second factor, and this session has proven none.',
    [
      {
        field: 'session',
        message: 'one factor',
        fix: enrolled
          ? 'Give the code of your app at /api/auth/two-factor/verify-totp, or sign in with a passkey.'
          : 'Set one up at /api/auth/two-factor/enable and confirm it at /api/auth/two-factor/verify-totp, or add a passkey and sign in with it.',
      },
    ],
    'forbidden',
  );
