import {
  AssessmentsService,
  AuditService,
  CertificatesService,
  ContentService,
  createIdentity,
  ExportsService,
  type Identity,
  PartiesService,
  PeopleService,
  ReadinessService,
  ReportsService,
  VisitsService,
} from '#application';
import { Database, dataSourceOptions } from '#persistence';
import { type Config, createMetrics, type JobQueue, loadAuditKeys, makeQueue } from '#platform';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AssessmentsController } from './assessments.controller.js';
import { ContentController } from './content.controller.js';
import { CertificatesController, ReadinessController, VisitsController } from './delivery.controller.js';
import { HealthController } from './health.controller.js';
import { SignedInGuard } from './http/auth.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { CONFIG, IDENTITY, METRICS, QUEUE } from './http/tokens.js';
import { PartiesController } from './parties.controller.js';
import { PeopleController } from './people.controller.js';
import { ReportsController } from './reports.controller.js';
import { TrailController } from './trail.controller.js';

const onDatabase = <T>(Service: new (db: DataSource) => T) => ({
  provide: Service,
  inject: [DataSource],
  useFactory: (db: DataSource) => new Service(db),
});

/** The API: controllers over the use cases. Wiring only. */
@Module({})
export class ApiModule implements OnApplicationShutdown {
  constructor(
    @Inject(QUEUE) private readonly queue: JobQueue,
    @Inject(IDENTITY) private readonly identity: Identity,
  ) {}

  static with(config: Config): DynamicModule {
    return {
      module: ApiModule,
      imports: [TypeOrmModule.forRoot({ ...dataSourceOptions(config.databaseUrl), retryAttempts: 3 })],
      controllers: [
        PartiesController,
        AssessmentsController,
        VisitsController,
        ReadinessController,
        CertificatesController,
        ReportsController,
        ContentController,
        TrailController,
        PeopleController,
        HealthController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: QUEUE, useFactory: () => makeQueue(config) },
        { provide: METRICS, useFactory: () => createMetrics('api') },
        { provide: IDENTITY, useFactory: () => createIdentity(config) },
        onDatabase(PartiesService),
        onDatabase(AssessmentsService),
        onDatabase(VisitsService),
        onDatabase(ReadinessService),
        onDatabase(ReportsService),
        onDatabase(ContentService),
        { provide: Database, inject: [DataSource], useFactory: (db: DataSource) => new Database(db) },
        {
          provide: AuditService,
          inject: [Database],
          useFactory: (db: Database) => new AuditService(db, () => loadAuditKeys(config.dataDir)),
        },
        {
          provide: PeopleService,
          inject: [Database],
          useFactory: (db: Database) => new PeopleService(db),
        },
        {
          provide: ExportsService,
          inject: [Database],
          useFactory: (db: Database) => new ExportsService(db, config.dataDir),
        },
        {
          provide: CertificatesService,
          inject: [DataSource],
          useFactory: (db: DataSource) => new CertificatesService(db, config.baseUrl),
        },
        {
          provide: APP_GUARD,
          inject: [IDENTITY, PartiesService, Reflector],
          useFactory: (identity: Identity, parties: PartiesService, reflector: Reflector) =>
            new SignedInGuard(identity, parties, reflector),
        },
        {
          provide: APP_INTERCEPTOR,
          inject: [DataSource],
          useFactory: (db: DataSource) => new IdempotencyInterceptor(db),
        },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    await this.identity.close();
  }
}
