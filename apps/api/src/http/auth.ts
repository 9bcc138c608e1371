import type { Actor, Identity, PartiesService } from '#application';
import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UnauthorizedException,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

const PUBLIC = 'uplift:public';

/** Marks a route that anyone may call. Everything else needs a signed-in person. */
export const Public = () => SetMetadata(PUBLIC, true);

type WithActor = FastifyRequest & { actor?: Actor };

/** The signed-in person behind the request. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const actor = context.switchToHttp().getRequest<WithActor>().actor;
  if (!actor) throw new UnauthorizedException();
  return actor;
});

/** Lets in who is signed in, with their memberships as they are now. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(
    private readonly identity: Identity,
    private readonly parties: PartiesService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]))
      return true;
    const request = context.switchToHttp().getRequest<WithActor>();
    const user = await this.identity.userOf(request.headers);
    if (!user) throw new UnauthorizedException();
    request.actor = await this.parties.actorOf(user);
    return true;
  }
}
