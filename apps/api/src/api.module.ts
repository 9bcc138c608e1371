import {
  AssessmentsService,
  CertificatesService,
  CharterService,
  ConsentsService,
  ContentService,
  createIdentity,
  type Identity,
  PartiesService,
  ReadinessService,
  ReportsService,
  SharedService,
  ShareLinks,
  VisitsService,
} from '#application';
import { Database, dataSourceOptions, openDataSource } from '#persistence';
import { type Config, createMetrics, type JobQueue, makeQueue } from '#platform';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AssessmentsController } from './assessments.controller.js';
import { CharterController, ConsentsController } from './consents.controller.js';
import { ContentController } from './content.controller.js';
import { CertificatesController, ReadinessController, VisitsController } from './delivery.controller.js';
import { HealthController } from './health.controller.js';
import { SignedInGuard } from './http/auth.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { AS_API, CONFIG, IDENTITY, METRICS, QUEUE } from './http/tokens.js';
import { PartiesController } from './parties.controller.js';
import { ReportsController } from './reports.controller.js';
import { SharedController } from './shared.controller.js';

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
    @Inject(AS_API) private readonly asApi: DataSource,
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
        ConsentsController,
        CharterController,
        SharedController,
        ContentController,
        HealthController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: QUEUE, useFactory: () => makeQueue(config) },
        { provide: METRICS, useFactory: () => createMetrics('api') },
        { provide: IDENTITY, useFactory: () => createIdentity(config) },
        // Connections under the role that row-level security is for.
        { provide: AS_API, useFactory: () => openDataSource(config.databaseUrl, { role: 'uplift_api' }) },
        { provide: Database, inject: [AS_API], useFactory: (source: DataSource) => new Database(source) },
        { provide: ShareLinks, useFactory: () => new ShareLinks(config.secret, config.baseUrl) },
        {
          provide: ConsentsService,
          inject: [Database, ShareLinks],
          useFactory: (db: Database, links: ShareLinks) => new ConsentsService(db, links),
        },
        {
          provide: SharedService,
          inject: [Database, ShareLinks],
          useFactory: (db: Database, links: ShareLinks) => new SharedService(db, links, config.baseUrl),
        },
        {
          provide: CharterService,
          inject: [Database],
          useFactory: (db: Database) => new CharterService(db),
        },
        onDatabase(PartiesService),
        onDatabase(AssessmentsService),
        onDatabase(VisitsService),
        onDatabase(ReadinessService),
        onDatabase(ReportsService),
        onDatabase(ContentService),
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
    await this.asApi.destroy();
  }
}
