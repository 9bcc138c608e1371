import { checkReadiness, JOB_STATES, type JobQueue, type Metrics } from '#platform';
import { Controller, Get, Header, Inject, Logger, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Database } from '#persistence';
import type { FastifyReply } from 'fastify';
import { METRICS, QUEUE } from './http/tokens.js';
import { Public } from './http/auth.js';

/** A worker says every five seconds that it is there; after this long without, none is. */
const WORKER_SILENT_SECONDS = 30;

@ApiExcludeController()
@Public()
@Controller()
export class HealthController {
  private readonly log = new Logger('health');

  constructor(
    private readonly db: Database,
    @Inject(QUEUE) private readonly queue: JobQueue,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** 200 when database and queue answer and a worker is there to take jobs; else 503 with the reasons. */
  @Get('health/ready')
  @Header('cache-control', 'no-store')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const readiness = await checkReadiness({
      database: async () => (await this.db.query('SELECT 1')).length === 1,
      queue: async () => {
        await this.queue.getJobCounts('waiting');
        return true;
      },
      worker: async () => {
        const [beat] = await this.db.query(
          `SELECT beat_at > now() - make_interval(secs => $1) AS alive, extract(epoch FROM now() - beat_at)::int AS age
             FROM worker_beat WHERE id = 1`,
          [WORKER_SILENT_SECONDS],
        );
        if (!beat) return 'no worker has ever started';
        return beat.alive || `no worker has shown itself for ${beat.age} seconds`;
      },
    });
    if (readiness.reasons) {
      this.log.warn(`not ready: ${JSON.stringify(readiness.reasons)}`);
      void reply.status(503);
    }
    return readiness;
  }

  /** The process's own numbers are there even when database or queue are not; theirs are NaN then. */
  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  async numbers() {
    const { checks } = await checkReadiness({
      outbox: async () => {
        const [row] = await this.db.query(
          `SELECT count(*)::int AS waiting FROM outbox WHERE taken_at IS NULL`,
        );
        this.metrics.outboxWaiting(row.waiting);
        return true;
      },
      queue: async () => {
        this.metrics.queueDepth(await this.queue.getJobCounts(...JOB_STATES));
        return true;
      },
    });
    // An old figure would look like a true one.
    if (!checks['outbox']) this.metrics.outboxWaiting(Number.NaN);
    if (!checks['queue'])
      this.metrics.queueDepth(Object.fromEntries(JOB_STATES.map((state) => [state, Number.NaN])));
    return this.metrics.registry.metrics();
  }
}
