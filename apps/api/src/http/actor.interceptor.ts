import type { Actor } from '#application';
import { Database } from '#persistence';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';

const OWN_TRANSACTIONS = 'uplift:own-transactions';

/** Marks what waits for a slow sender: it makes transactions of its own, and holds none open meanwhile. */
export const OwnTransactions = () => SetMetadata(OWN_TRANSACTIONS, true);

/**
 * One transaction a request, in which the database knows who asks: whatever a controller calls takes part in it, and
 * what fails leaves nothing behind. A request without an actor sees only what is everybody's.
 */
@Injectable()
export class ActorInterceptor implements NestInterceptor {
  constructor(private readonly db: Database) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    const { actor } = request;
    if (!actor || Reflect.getMetadata(OWN_TRANSACTIONS, context.getHandler()) === true) return next.handle();
    // A body that is read as a stream can be read only once, so such a call isn't tried again.
    const once = request.headers['content-type']?.startsWith('multipart/') === true;
    // What is read is all of one moment: who loses the right to see it meanwhile gets the whole of it for the last time.
    const snapshot = ['GET', 'HEAD'].includes(request.method);
    const answer = await this.db.as(
      actingAs(request, actor),
      () => lastValueFrom(next.handle(), { defaultValue: undefined }),
      { snapshot, ...(once && { attempts: 1 }) },
    );
    return of(answer);
  }
}

/** The actor of a request as the database and its audit trail know them. */
export const actingAs = ({ id, ip }: FastifyRequest, { userId, organisationId, by }: Actor) => ({
  userId,
  ...(by && { by }),
  ...(organisationId && { organisationId }),
  requestId: id,
  address: ip,
});
