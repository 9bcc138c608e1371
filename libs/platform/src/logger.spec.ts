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
      msg: 'for [e-mail]',
      err: {
        type: 'Error',
        message: 'duplicate key for [e-mail]',
        code: '23505',
        constraint: 'user_email_key',
      },
    });
  });

  it('hides people, in whatever text they stand, and the values of errors', () => {
    const { lines, logger } = recording();
    logger.info(
      { note: 'for amal@example.org' },
      'Sign-up attempt for existing email: amal.k+x@mail.example.org',
    );
    logger.warn('GET /verify?token=geheim&x=1 with Bearer geheim, a%40example.org');
    const failed = Object.assign(new Error('invalid input syntax for type uuid: "Amal K."'), {
      parameters: ['Amal K.'],
      query: 'INSERT …',
      driverError: { code: '22P02', detail: 'Key (name)=(Amal K.) exists', table: 'assessor' },
    });
    logger.error({ err: new Error('outer', { cause: failed }) }, 'request failed');
    const text = JSON.stringify(lines);
    expect(text).not.toMatch(/amal|geheim|a%40/i);
    expect(lines[2]).toMatchObject({
      err: { message: 'outer', cause: { code: '22P02', table: 'assessor' } },
    });
    expect(text).toContain('logger.spec');
    // Packages are not people.
    logger.info('at node_modules/@nestjs/core and typeorm@1.1.1');
    expect(lines[3]).toMatchObject({ msg: 'at node_modules/@nestjs/core and typeorm@1.1.1' });
  });

  it('is not slowed down by long texts', () => {
    const { lines, logger } = recording();
    const from = performance.now();
    for (const text of [
      'a'.repeat(200_000),
      '@'.repeat(200_000),
      'a@a.'.repeat(50_000),
      'token='.repeat(30_000),
    ])
      logger.info(text);
    expect(lines).toHaveLength(4);
    expect(performance.now() - from).toBeLessThan(3000);
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
