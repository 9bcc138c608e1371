import type { JobQueue, Metrics } from '#platform';
import { Controller, Get, Header, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Database } from '#persistence';
import { METRICS, QUEUE } from './http/tokens.js';
import { Public } from './http/auth.js';

@ApiExcludeController()
@Public()
@Controller()
export class HealthController {
  constructor(
    private readonly db: Database,
    @Inject(QUEUE) private readonly queue: JobQueue,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** 200 when database and queue answer and a worker is there to take jobs. */
  @Get('health/ready')
  async ready() {
    const checks = { database: false, queue: false, worker: false };
    try {
      await this.db.query('SELECT 1');
      checks.database = true;
      const counts = await this.queue.getJobCounts('waiting', 'failed');
      this.metrics.queueDepth(counts);
      checks.queue = true;
      const [beat] = await this.db.query(
        `SELECT beat_at > now() - interval '30 seconds' AS alive FROM worker_beat WHERE id = 1`,
      );
      checks.worker = beat?.alive === true;
    } catch {
      // The answer says which part is down.
    }
    if (!Object.values(checks).every(Boolean))
      throw new ServiceUnavailableException({ status: 'not ready', checks });
    return { status: 'ok', checks };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4')
  async numbers() {
    const [row] = await this.db.query(`SELECT count(*)::int AS waiting FROM outbox WHERE taken_at IS NULL`);
    this.metrics.outboxWaiting(row.waiting);
    return this.metrics.registry.metrics();
  }
}
