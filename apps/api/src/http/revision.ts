import { DomainError } from '#domain';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The revision a caller says it has read (`If-Match`), or null when it does not say. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): number | null => {
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
});

/** The ETags a caller has already (`If-None-Match`), as they were sent. */
export const IfNoneMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext): string | undefined =>
    context.switchToHttp().getRequest<FastifyRequest>().headers['if-none-match'],
);

/** Puts a resource's revision into the answer as its ETag. */
export function withEtag<T extends { revision: number }>(reply: FastifyReply, resource: T): T {
  void reply.header('etag', `"${resource.revision}"`);
  return resource;
}
