import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { dayIn, FixedClock } from './clock.js';
import { createLogger, logContext, PinoNestLogger, withLogContext } from './logger.js';

function recording() {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { lines, logger: createLogger({ logLevel: 'debug' }, 'test', sink) };
}

describe('the log', () => {
  it('carries the ids of the request or job across awaits, and only inside it', async () => {
    const { lines, logger } = recording();
    await Promise.all(
      ['a', 'b'].map((requestId) =>
        withLogContext({ requestId }, async () => {
          await new Promise((done) => setTimeout(done, 5));
          withLogContext({ jobId: `job-${requestId}` }, () => logger.info('inside'));
        }),
      ),
    );
    logger.info('outside');
    expect(lines.map(({ requestId, jobId }) => [requestId, jobId])).toEqual([
      ['a', 'job-a'],
      ['b', 'job-b'],
      [undefined, undefined],
    ]);
    expect(logContext()).toBeUndefined();
  });

  it('hides secrets', () => {
    const { lines, logger } = recording();
    logger.info(
      {
        password: 'geheim',
        user: { token: 'geheim' },
        req: { headers: { cookie: 'geheim', accept: '*/*' } },
      },
      'x',
    );
    expect(JSON.stringify(lines)).not.toContain('geheim');
    expect(JSON.stringify(lines)).toContain('*/*');
  });

  it('names nobody: no address, no value that a statement was about', () => {
    const { lines, logger } = recording();
    const error = Object.assign(new Error('duplicate key for amal@example.org'), {
      code: '23505',
      constraint: 'user_email_key',
      detail: 'Key (email)=(amal@example.org) already exists.',
      parameters: ['geheim'],
      driverError: { detail: 'geheim' },
    });
    logger.error({ err: error, to: 'Amal <amal+x@mail.example.org>' }, 'for amal@example.org');
    expect(JSON.stringify(lines)).not.toMatch(/amal|geheim/);
    expect(lines[0]).toMatchObject({
      msg: 'for [address]',
      err: {
        type: 'Error',
        message: 'duplicate key for [address]',
        code: '23505',
        constraint: 'user_email_key',
      },
    });
  });

  it("takes Nest's messages", () => {
    const { lines, logger } = recording();
    const nest = new PinoNestLogger(logger);
    nest.log('Mapped {/sites, GET} route', 'RouterExplorer');
    nest.error('it broke', 'Error: it broke\n    at x', 'SitesService');
    nest.warn(new Error('careful'));
    nest.verbose('too much');
    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', msg: 'Mapped {/sites, GET} route', source: 'RouterExplorer' }),
      expect.objectContaining({
        level: 'error',
        msg: 'it broke',
        source: 'SitesService',
        stack: expect.stringContaining('at x'),
      }),
      expect.objectContaining({
        level: 'warn',
        msg: 'careful',
        err: expect.objectContaining({ message: 'careful' }),
      }),
    ]);
  });
});

describe('the clock', () => {
  it('knows the day of each place', () => {
    const instant = new Date('2026-02-28T23:30:00Z');
    expect(dayIn(instant)).toBe('2026-02-28');
    expect(dayIn(instant, 'Africa/Nairobi')).toBe('2026-03-01');
    expect(dayIn(instant, 'America/Lima')).toBe('2026-02-28');
  });

  it('stands still until it is moved', () => {
    const clock = new FixedClock('2026-01-01T00:00:00Z');
    clock.advance(24 * 3600_000);
    expect(clock.today('UTC')).toBe('2026-01-02');
  });
});
