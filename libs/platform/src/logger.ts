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

/** E-mail addresses, wherever in a line they stand: in messages of libraries, details of database errors, stacks. */
const ADDRESS = /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}/g;

/** An error without the values it was about: the parameters of a statement and the database's details hold people's data. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, constraint, table, cause } = error as Error & Record<string, unknown>;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(table !== undefined && { table }),
    ...(cause instanceof Error && { cause: plainError(cause) }),
  };
}

/** JSON lines on standard output, with request and job ids, without secrets and without people's addresses. */
export function createLogger(
  config: Pick<Config, 'logLevel'>,
  name: string,
  destination?: pino.DestinationStream,
): Logger {
  return pino(
    {
      name,
      level: config.logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      mixin: () => ({ ...context.getStore() }),
      serializers: { err: plainError, error: plainError },
      hooks: { streamWrite: (line) => line.replace(ADDRESS, '[address]') },
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
