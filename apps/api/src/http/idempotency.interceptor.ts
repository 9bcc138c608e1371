import { DomainError } from '#domain';
import { contentHash, type Actor } from '#application';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { actingAs } from './actor.interceptor.js';
import { SECRET_ANSWER } from './auth.js';
import { from, type Observable, of, switchMap } from 'rxjs';
import { Database } from '#persistence';

interface KeptAnswer {
  readonly request_hash: string;
  readonly status: number | null;
  readonly body: unknown;
  readonly etag: string | null;
}

/**
 * A POST that carries an `Idempotency-Key` is carried out once per person and key: repeated, it gets the first answer
 * again; with another body, or while the first is still running, it is refused.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly db: Database) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || typeof key !== 'string' || !request.actor) return next.handle();
    if (Reflect.getMetadata(SECRET_ANSWER, context.getHandler()) === true) {
      throw new DomainError(
        'idempotency-key-refused',
        'This carries a secret, which is not kept to be sent again.',
        [{ field: 'Idempotency-Key', message: 'not here', fix: 'Leave it out.' }],
      );
    }
    if (key.length === 0 || key.length > 200) {
      throw new DomainError('idempotency-key-invalid', 'An Idempotency-Key has 1 to 200 characters.');
    }
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const hash = contentHash({ url: request.url, body: request.body ?? null });
    // Its own transactions, around the one of the use case: a key that was taken stays taken whatever becomes of that.
    const actor = actingAs(request, request.actor);
    const query = (sql: string, values: unknown[]) => this.db.as(actor, (tx) => tx.query(sql, values));
    const inserted = await query(
      `INSERT INTO idempotency_key (id, user_id, key, request_hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id`,
      [randomUUID(), request.actor.userId, key, hash],
    );
    if (inserted.length === 0) return of(await this.answerOf(query, request.actor.userId, key, hash, reply));
    const id: string = inserted[0].id;
    return from(
      new Promise((resolve, reject) => next.handle().subscribe({ next: resolve, error: reject })).catch(
        async (error: unknown) => {
          // Nothing was done: the key may be used again.
          await query(`DELETE FROM idempotency_key WHERE id = $1`, [id]);
          throw error;
        },
      ),
    ).pipe(
      switchMap(async (body) => {
        await query(`UPDATE idempotency_key SET status = $2, body = $3, etag = $4 WHERE id = $1`, [
          id,
          reply.statusCode,
          JSON.stringify(body ?? null),
          reply.getHeader('etag') ?? null,
        ]);
        return body;
      }),
    );
  }

  private async answerOf(
    query: (sql: string, values: unknown[]) => Promise<unknown[]>,
    userId: string,
    key: string,
    hash: string,
    reply: FastifyReply,
  ): Promise<unknown> {
    const [row] = (await query(
      `SELECT request_hash, status, body, etag FROM idempotency_key WHERE user_id = $1 AND key = $2`,
      [userId, key],
    )) as KeptAnswer[];
    if (row && row.request_hash !== hash) {
      throw new DomainError('idempotency-key-reused', 'This Idempotency-Key was used for another request.', [
        { field: 'Idempotency-Key', message: 'already used', fix: 'Make a new key for every new request.' },
      ]);
    }
    if (!row?.status)
      throw new DomainError(
        'request-in-progress',
        'The first request with this key is still running.',
        [],
        'conflict',
      );
    void reply.status(row.status).header('idempotency-replayed', 'true');
    if (row.etag) void reply.header('etag', row.etag);
    return row.body ?? undefined;
  }
}
