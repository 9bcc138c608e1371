import {
  CertificatesService,
  CharterService,
  ConsentsService,
  ShareLinks,
  ReadinessService,
  ResultsService,
  VisitsService,
} from '#application';
import { Database, dataSourceOptions, openDataSource } from '#persistence';
import {
  type Config,
  createMailer,
  createMetrics,
  type JobQueue,
  type JobWorker,
  type Logger,
  makeQueue,
  makeWorker,
  type OutboxRelay,
  relayOutbox,
} from '#platform';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { handlersOf } from './handlers.js';

const CONFIG = Symbol('config');
const LOG = Symbol('log');

/** The worker: relays the outbox into the queue, runs the jobs, and shows that it is alive. Wiring only. */
@Module({})
export class WorkerModule implements OnModuleInit, OnApplicationShutdown {
  private queue: JobQueue;
  private worker: JobWorker;
  private relay: OutboxRelay;
  private pool: pg.Pool;
  private beat: NodeJS.Timeout;
  private asWorker: DataSource;

  constructor(
    private readonly db: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  static with(config: Config, log: Logger): DynamicModule {
    return {
      module: WorkerModule,
      imports: [TypeOrmModule.forRoot({ ...dataSourceOptions(config.databaseUrl), retryAttempts: 3 })],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOG, useValue: log },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    const { db, config, log } = this;
    // Connections under the worker's own role, which may do what its jobs need and no more.
    this.asWorker = await openDataSource(config.databaseUrl, { role: 'uplift_worker', poolSize: 4 });
    const database = new Database(this.asWorker);
    const handlers = handlersOf({
      db,
      log,
      baseUrl: config.baseUrl,
      results: new ResultsService(db),
      readiness: new ReadinessService(db),
      visits: new VisitsService(db),
      certificates: new CertificatesService(db, config.baseUrl),
      consents: new ConsentsService(database, new ShareLinks(config.secret, config.baseUrl)),
      charters: new CharterService(database),
      mailer: createMailer(config),
    });
    this.queue = makeQueue(config, { logger: log });
    this.worker = makeWorker(config, handlers as never, {
      logger: log,
      metrics: createMetrics('worker').jobs,
      concurrency: 4,
    });
    this.pool = new pg.Pool({ connectionString: config.databaseUrl, max: 3 });
    this.pool.on('error', (error) => log.warn({ err: error }, 'connection lost'));
    this.relay = relayOutbox(this.pool, this.queue, { logger: log });
    await this.queue.upsertJobScheduler(
      'daily-sweep',
      { pattern: '0 3 * * *' },
      { name: 'daily-sweep', data: {} },
    );
    await this.sayAlive();
    this.beat = setInterval(
      () => void this.sayAlive().catch((error: unknown) => log.warn({ err: error }, 'no beat')),
      5000,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.beat);
    await this.relay.stop();
    await this.worker.close();
    await this.queue.close();
    await this.pool.end();
    await this.asWorker.destroy();
  }

  private async sayAlive(): Promise<void> {
    await this.db.query(
      `INSERT INTO worker_beat (id, beat_at) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat_at = now()`,
    );
  }
}
