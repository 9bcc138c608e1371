import type { Actor } from '#application';
import rateLimit from '@fastify/rate-limit';
import {
  type CallHandler,
  type ExecutionContext,
  HttpException,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';

/** An address may stand for an office or a village: so many times what one person may. */
const PEOPLE_PER_ADDRESS = 5;

/** Routes of health checks and scrapers, which no limit may silence. */
const EXEMPT = /^\/(health\/|metrics$)/;

type Check = (
  request: FastifyRequest,
) => Promise<{ isAllowed: boolean; isExceeded?: boolean; ttlInSeconds?: number }>;

/**
 * Counts requests a minute, in this process: by address before anything else is done, then by person once they are
 * known. Health routes are exempt.
 */
export class RateLimit {
  private byPerson: Check | null = null;

  /** @param perMinute requests of one person; 0: no limit */
  constructor(private readonly perMinute: number) {}

  async mount(fastify: FastifyInstance): Promise<void> {
    if (this.perMinute === 0) return;
    await fastify.register(rateLimit as never, {
      global: false,
    });
    const byAddress = this.check(fastify, this.perMinute * PEOPLE_PER_ADDRESS, (request) => request.ip);
    this.byPerson = this.check(
      fastify,
      this.perMinute,
      (request) => (request as FastifyRequest & { actor?: Actor }).actor?.userId ?? request.ip,
    );
    fastify.addHook('onRequest', async (request, reply) => {
      if (!EXEMPT.test(request.url.split('?')[0] ?? '')) await refuse(byAddress, request, reply);
    });
  }

  /** Counts a request of a known person. */
  async person(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (this.byPerson) await refuse(this.byPerson, request, reply);
  }

  private check(fastify: FastifyInstance, max: number, key: (request: FastifyRequest) => string): Check {
    const limited = fastify as unknown as { createRateLimit(options: object): Check };
    return limited.createRateLimit({ max, timeWindow: '1 minute', keyGenerator: key });
  }
}

async function refuse(check: Check, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const result = await check(request);
  if (result.isAllowed || !result.isExceeded) return;
  void reply.header('retry-after', String(Math.max(1, result.ttlInSeconds ?? 60)));
  throw new HttpException('too many requests', 429);
}

/** Counts the requests of the person whom the guard has let in. */
@Injectable()
export class RateLimitInterceptor implements NestInterceptor {
  constructor(private readonly limit: RateLimit) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { actor?: Actor }>();
    if (request.actor) await this.limit.person(request, http.getResponse<FastifyReply>());
    return next.handle();
  }
}
