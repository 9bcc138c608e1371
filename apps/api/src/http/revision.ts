import { DomainError } from '#domain';
import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Observable, tap } from 'rxjs';

/** Has a parameter say in the OpenAPI document what it means for its operation. */
const describing =
  (...decorators: readonly MethodDecorator[]): ParameterDecorator =>
  (target, key) => {
    const method = Object.getOwnPropertyDescriptor(target, key!)!;
    for (const decorate of decorators) decorate(target, key!, method);
  };

/** The revision a caller says it has read (`If-Match`), or null when it does not say. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): number | null => {
    const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
    if (header === undefined || header === '*') return null;
    const match = /^"(\d{1,9})"$/.exec(header);
    if (!match) {
      throw new DomainError(
        'stale-revision',
        'If-Match is not an ETag this API has given out.',
        [
          {
            field: 'If-Match',
            message: 'unreadable',
            fix: 'Send the ETag of the resource as you last read it.',
          },
        ],
        'stale',
      );
    }
    return Number(match[1]);
  },
  [
    describing(
      ApiHeader({
        name: 'If-Match',
        required: false,
        description: 'The ETag as last read; refused with 412 when somebody else was faster.',
      }),
    ),
  ],
);

/** The ETags a caller has already (`If-None-Match`), as they were sent. */
export const IfNoneMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    context.switchToHttp().getRequest<FastifyRequest>().headers['if-none-match'],
  [
    describing(
      ApiHeader({
        name: 'If-None-Match',
        required: false,
        description: 'ETags the caller has already; the content is sent only when it is another.',
      }),
      ApiResponse({ status: 304, description: 'The caller has it already.' }),
    ),
  ],
);

/** Puts the revision of a resource that is answered into the answer as its ETag. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      tap((answer: { revision?: unknown } | null | undefined) => {
        if (typeof answer?.revision === 'number') void reply.header('etag', `"${answer.revision}"`);
      }),
    );
  }
}
