import {
  CertificatesService,
  CheckpointFolder,
  ExportsService,
  ReadinessService,
  ResultsService,
  Retention,
  VisitsService,
} from '#application';
import { Database, dataSourceOptions } from '#persistence';
import {
  type Config,
  createMailer,
  createMetrics,
  type JobQueue,
  type JobWorker,
  loadAuditKeys,
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
    const transactions = new Database(db);
    const auditKeys = await loadAuditKeys(config.dataDir);
    const handlers = handlersOf({
      db,
      transactions,
      auditKeys,
      exports: new ExportsService(transactions, config.dataDir),
      retention: new Retention(transactions, config.dataDir),
      checkpoints: new CheckpointFolder(config.dataDir, auditKeys),
      log,
      baseUrl: config.baseUrl,
      results: new ResultsService(db),
      readiness: new ReadinessService(db),
      visits: new VisitsService(db),
      certificates: new CertificatesService(db, config.baseUrl),
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
    await this.queue.upsertJobScheduler(
      'keep-records',
      { pattern: '30 2 * * *' },
      { name: 'keep-records', data: {} },
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
  }

  private async sayAlive(): Promise<void> {
    await this.db.query(
      `INSERT INTO worker_beat (id, beat_at) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET beat_at = now()`,
    );
  }
}
