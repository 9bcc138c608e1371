import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { resolve } from 'node:path';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A schema of the OpenAPI document, as far as the tests read it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly Json[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema?: Schema;
}

/** One operation of the API, as the document describes it. */
export interface Operation {
  /** `GET /api/v1/sites/{id}`: what the matrix calls it. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  readonly mediaType?: string;
  readonly body?: Schema;
}

interface Document {
  readonly paths: Record<
    string,
    Record<
      string,
      {
        tags?: string[];
        parameters?: Parameter[];
        requestBody?: { content: Record<string, { schema: Schema }> };
      }
    >
  >;
  readonly components: { schemas: Record<string, Schema> };
}

/** The document as it is committed. */
export const DOCUMENT = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../openapi.json'), 'utf8'),
) as Document;

/** Every operation of a document, in its order. */
export const operationsOf = (document: Document): Operation[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { tags, parameters = [], requestBody }]) => {
      const [mediaType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        tag: tags?.[0] ?? '',
        parameters,
        ...(mediaType && { mediaType, body: content!.schema }),
      };
    }),
  );

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The stable code of a problem document. */
  readonly code?: string;
}

export interface Call {
  readonly method: string;
  /** Path and query, escaped. */
  readonly target: string;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

/** Sends what is given, byte for byte, without a client that would mend it. */
export const send = (url: string, call: Call): Promise<Answer> =>
  once(url, call, agent).catch((error: NodeJS.ErrnoException) => {
    // A connection that was kept may be closed by the server as it is used again.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
    return once(url, call, false);
  });

function once(
  url: string,
  { method, target, bearer, headers = {}, body }: Call,
  through: Agent | false,
): Promise<Answer> {
  return new Promise((resolveAnswer, reject) => {
    const sent = request(
      url,
      {
        agent: through,
        method,
        path: target,
        headers: {
          ...(bearer && { authorization: `Bearer ${bearer}` }),
          ...(body !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const type = String(response.headers['content-type'] ?? '');
          // Of HEAD the problem has no body.
          const code =
            text !== '' && type.startsWith('application/problem+json')
              ? (JSON.parse(text) as { code?: string }).code
              : undefined;
          resolveAnswer({
            status: response.statusCode!,
            headers: response.headers,
            text,
            ...(code !== undefined && { code }),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Does something for each, a few at a time, and returns the results in order. */
export async function each<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  atOnce = 12,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < items.length) {
        const index = next;
        next += 1;
        results[index] = await work(items[index]!);
      }
    }),
  );
  return results;
}

/** A form as browsers send it. `files`: content by file name; the rest are fields. */
export function form({ files, ...fields }: Record<string, Json>): { type: string; body: Buffer } {
  const boundary = 'uplift-form';
  const part = (disposition: string, content: string): string =>
    `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
  const parts = [
    ...Object.entries(fields).map(([name, value]) => part(`name="${name}"`, String(value))),
    ...Object.entries((files ?? {}) as Record<string, string>).map(([name, content]) =>
      part(`name="files"; filename="${name}"`, content),
    ),
  ];
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(`${parts.join('')}--${boundary}--\r\n`),
  };
}
