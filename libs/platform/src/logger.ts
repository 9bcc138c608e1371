import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';
import type { Config } from './config.js';

export type { Logger } from 'pino';

/** What every log line of a request or a job carries. */
export type LogContext = Readonly<Record<string, string | number | undefined>>;

const context = new AsyncLocalStorage<LogContext>();

/** Runs something with fields that every log line inside it carries; nested fields are added. */
export function withLogContext<Result>(fields: LogContext, work: () => Result): Result {
  return context.run({ ...context.getStore(), ...fields }, work);
}

/** The fields of the running request or job. */
export const logContext = (): LogContext | undefined => context.getStore();

/**
 * What no line may carry, wherever in it it stands: addresses of people, tokens in headers and links. The last line of
 * defence, for texts of libraries; what the product says itself has ids and no names.
 */
const HIDDEN: readonly (readonly [pattern: RegExp, instead: string, needs: RegExp])[] = [
  [
    /[^\s"'<>(),:;=\\/]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}/g,
    '[e-mail]',
    /@|%40/,
  ],
  [/\b(bearer) +[^\s"\\]+/gi, '$1 [hidden]', /bearer/i],
  [/\b(token|code|secret|password|sig|signature)=[^&\s"\\]+/gi, '$1=[hidden]', /=/],
];

/** A text without addresses of people and without tokens. */
export const withoutPeople = (text: string): string =>
  HIDDEN.reduce(
    (rest, [pattern, instead, needs]) => (needs.test(rest) ? rest.replace(pattern, instead) : rest),
    text,
  );

/** An error for the log: what went wrong and where, without the values it went wrong with (statements, rows, requests). */
export function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  type Said = { code?: string; constraint?: string; table?: string };
  const said = error as Said & { driverError?: Said };
  const { code, constraint, table } = { ...said, ...said.driverError };
  // PostgreSQL quotes values it can't read (class 22) in the sentence itself.
  const message = /^22/.test(code ?? '') ? error.message.replace(/"[^"]*"/g, '"…"') : error.message;
  return {
    type: error.constructor.name,
    message,
    ...(code && { code }),
    ...(constraint && { constraint }),
    ...(table && { table }),
    stack: error.stack?.slice(Math.max(error.stack.indexOf('\n    at '), 0)) ?? '',
    ...(error.cause !== undefined && { cause: errorForLog(error.cause) }),
  };
}

/** JSON lines on standard output, with request and job ids, without secrets and without people. */
export function createLogger(
  config: Pick<Config, 'logLevel' | 'logTo'>,
  name: string,
  destination: pino.DestinationStream | undefined = config.logTo,
): Logger {
  return pino(
    {
      name,
      level: config.logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: errorForLog, error: errorForLog },
      hooks: { streamWrite: withoutPeople },
      mixin: () => ({ ...context.getStore() }),
      redact: {
        paths: [
          'password',
          '*.password',
          'secret',
          '*.secret',
          'token',
          '*.token',
          'req.headers.authorization',
          'req.headers.cookie',
          'headers.authorization',
          'headers.cookie',
        ],
        censor: '[hidden]',
      },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Gives Nest's own messages to pino. */
export class PinoNestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Nest passes `(message, ...more, context)`, and for errors `(message, stack, context)`. */
  private write(level: pino.Level, message: unknown, rest: unknown[]): void {
    const more = [...rest];
    const source = typeof more.at(-1) === 'string' ? (more.pop() as string) : undefined;
    const err = message instanceof Error ? message : more.find((item) => item instanceof Error);
    const stack =
      level === 'error'
        ? more.find((item): item is string => typeof item === 'string' && item.includes('\n'))
        : undefined;
    const fields = { ...(source && { source }), ...(err && { err }), ...(stack && { stack }) };
    if (message instanceof Error) this.logger[level](fields, message.message);
    else if (typeof message === 'object' && message !== null) this.logger[level]({ ...fields, ...message });
    else this.logger[level](fields, String(message));
  }
}
