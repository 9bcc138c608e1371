import { dataSourceOptions, Database } from '#persistence';
import {
  AssessmentsService,
  CertificatesService,
  CharterService,
  ConsentsService,
  CheckpointFolder,
  DocumentsService,
  EvidenceKeeper,
  ExportsService,
  ReadinessService,
  CorrectionsService,
  RemindersService,
  ReportsService,
  InvitationsService,
  ImportsService,
  OperationsService,
  ResultsService,
  ShareLinks,
  Retention,
  VisitsService,
} from '#application';
import {
  type Config,
  createMailer,
  createMetrics,
  evidenceObjects,
  evidenceUploads,
  FolderDocumentStore,
  type HealthServer,
  JOB_STATES,
  type JobQueue,
  type JobWorker,
  loadAuditKeys,
  type Logger,
  makeQueue,
  makeWorker,
  type OutboxRelay,
  relayOutbox,
  senderOf,
  startHealthServer,
} from '#platform';
import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { join } from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { handlersOf, PATIENT } from './handlers.js';

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
  private health: HealthServer | undefined;

  constructor(
    private readonly db: Database,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  static with(config: Config, log: Logger): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(config.databaseUrl, { role: 'uplift_worker' }),
          retryAttempts: 3,
        }),
      ],
      providers: [
        { provide: Database, inject: [DataSource], useFactory: (source: DataSource) => new Database(source) },
        { provide: CONFIG, useValue: config },
        { provide: LOG, useValue: log },
      ],
    };
  }

  async onModuleInit(): Promise<void> {
    const { db, config, log } = this;
    const { baseUrl, dataDir } = config;
    const visits = new VisitsService(db, { organiser: senderOf(config.mailFrom), baseUrl });
    const certificates = new CertificatesService(db, baseUrl);
    const documents = new FolderDocumentStore(join(dataDir, 'documents'));
    const objects = evidenceObjects(config);
    const evidence = new EvidenceKeeper(db, objects, evidenceUploads(config));
    const auditKeys = await loadAuditKeys(dataDir);
    const handlers = handlersOf({
      db,
      auditKeys,
      evidence,
      exports: new ExportsService(db, dataDir, { documents, evidence: objects, certificates }),
      retention: new Retention(db, dataDir, evidence),
      checkpoints: new CheckpointFolder(dataDir, auditKeys),
      log,
      baseUrl,
      results: new ResultsService(db),
      readiness: new ReadinessService(db),
      visits,
      certificates,
      consents: new ConsentsService(db, new ShareLinks(config.secret, baseUrl)),
      charters: new CharterService(db),
      documents: new DocumentsService(db, documents, new ReportsService(db), certificates),
      corrections: new CorrectionsService(db),
      reminders: new RemindersService(db, visits, certificates, baseUrl),
      operations: new OperationsService(db, new AssessmentsService(db)),
      imports: new ImportsService(db, config.databaseUrl),
      invitations: new InvitationsService(db, config.secret),
      mailer: createMailer(config),
      secret: config.secret,
    });
    const metrics = createMetrics('worker');
    this.queue = makeQueue(config, { logger: log });
    this.worker = makeWorker(config, handlers as never, {
      logger: log,
      metrics: metrics.jobs,
      concurrency: 4,
    });
    this.pool = new pg.Pool({
      connectionString: config.databaseUrl,
      max: 3,
      options: '-c role=uplift_worker',
    });
    this.pool.on('error', (error) => log.warn({ err: error }, 'connection lost'));
    this.relay = relayOutbox(this.pool, this.queue, { logger: log, patient: PATIENT });
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
    // A first connection that fails is never tried again: better not to start than to run and take no job.
    await this.worker.waitUntilReady();
    await this.sayAlive();
    this.beat = setInterval(
      () => void this.sayAlive().catch((error: unknown) => log.warn({ err: error }, 'no beat')),
      5000,
    );
    if (config.workerPort !== undefined)
      this.health = await startHealthServer({
        host: config.workerHost,
        port: config.workerPort,
        log,
        checks: {
          database: async () => (await db.query('SELECT 1')).length === 1,
          queue: async () => {
            metrics.queueDepth(await this.queue.getJobCounts(...JOB_STATES));
            return this.worker.isRunning() || 'takes no jobs';
          },
          // A row that old means that no relay gets through.
          outbox: async () => {
            const [{ waiting, late }] = await db.query(
              `SELECT count(*)::int AS waiting, count(*) FILTER (WHERE created_at < now() - interval '2 minutes')::int AS late
                 FROM outbox WHERE taken_at IS NULL`,
            );
            metrics.outboxWaiting(waiting);
            return late === 0 || `${late} rows have waited for more than two minutes`;
          },
        },
        metrics: () => metrics.registry.metrics(),
      });
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.beat);
    await this.health?.close();
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
