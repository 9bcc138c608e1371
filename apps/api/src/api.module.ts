import {
  AssessmentsService,
  AssessorsService,
  CertificatesService,
  CohortsService,
  ContentService,
  createIdentity,
  DocumentsService,
  EngagementsService,
  FindingsService,
  GainsService,
  type Identity,
  MembersService,
  ImportsService,
  PartiesService,
  PeopleService,
  ProgrammesService,
  ReadinessService,
  ReportsService,
  VisitsService,
} from '#application';
import { dataSourceOptions } from '#persistence';
import {
  type Config,
  createMetrics,
  FolderDocumentStore,
  type JobQueue,
  makeQueue,
  senderOf,
} from '#platform';
import { type DynamicModule, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AssessmentsController } from './assessments.controller.js';
import { AssessorsController, EngagementsController } from './assessors.controller.js';
import { ContentController } from './content.controller.js';
import { CertificatesController } from './certificates.controller.js';
import { FindingsController } from './findings.controller.js';
import { GainsController } from './gains.controller.js';
import { HealthController } from './health.controller.js';
import { HomeController } from './home.controller.js';
import { SignedInGuard } from './http/auth.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { RateLimit, RateLimitInterceptor } from './http/rate-limit.js';
import { CONFIG, IDENTITY, METRICS, QUEUE } from './http/tokens.js';
import { MeController } from './me.controller.js';
import { MembersController, PartiesController } from './parties.controller.js';
import { CohortsController, ProgrammesController } from './programmes.controller.js';
import { ReadinessController } from './readiness.controller.js';
import { ImportsController } from './imports.controller.js';
import { ReportsController } from './reports.controller.js';
import { VisitsController } from './visits.controller.js';

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
        MeController,
        PartiesController,
        MembersController,
        ProgrammesController,
        CohortsController,
        AssessmentsController,
        FindingsController,
        GainsController,
        AssessorsController,
        EngagementsController,
        VisitsController,
        ReadinessController,
        CertificatesController,
        ReportsController,
        ContentController,
        ImportsController,
        HealthController,
        HomeController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        {
          provide: QUEUE,
          useFactory: async () => {
            const queue = makeQueue(config);
            // A first connection to PostgreSQL that fails is never tried again: better not to start than to stay unready.
            if (!config.redisUrl) await queue.waitUntilReady();
            return queue;
          },
        },
        { provide: METRICS, useFactory: () => createMetrics('api') },
        { provide: IDENTITY, useFactory: () => createIdentity(config) },
        onDatabase(PartiesService),
        onDatabase(ProgrammesService),
        onDatabase(CohortsService),
        onDatabase(AssessmentsService),
        onDatabase(PeopleService),
        {
          provide: VisitsService,
          inject: [DataSource],
          useFactory: (db: DataSource) =>
            new VisitsService(db, { organiser: senderOf(config.mailFrom), baseUrl: config.baseUrl }),
        },
        onDatabase(FindingsService),
        onDatabase(GainsService),
        onDatabase(AssessorsService),
        onDatabase(EngagementsService),
        onDatabase(ReadinessService),
        onDatabase(ReportsService),
        onDatabase(ContentService),
        {
          provide: ImportsService,
          inject: [DataSource],
          useFactory: (db: DataSource) => new ImportsService(db, config.databaseUrl),
        },
        {
          provide: CertificatesService,
          inject: [DataSource],
          useFactory: (db: DataSource) => new CertificatesService(db, config.baseUrl),
        },
        {
          provide: DocumentsService,
          inject: [DataSource, ReportsService, CertificatesService],
          useFactory: (db: DataSource, reports: ReportsService, certificates: CertificatesService) => {
            const log = new Logger('documents');
            const store = new FolderDocumentStore(join(config.dataDir, 'documents'));
            return new DocumentsService(db, store, reports, certificates, ({ message }) => log.warn(message));
          },
        },
        {
          provide: MembersService,
          inject: [DataSource],
          useFactory: (db: DataSource) => new MembersService(db, config.secret),
        },
        {
          provide: APP_GUARD,
          inject: [IDENTITY, PartiesService, Reflector],
          useFactory: (identity: Identity, parties: PartiesService, reflector: Reflector) =>
            new SignedInGuard(identity, parties, reflector),
        },
        { provide: RateLimit, useValue: new RateLimit(config.rateLimit) },
        {
          provide: APP_INTERCEPTOR,
          inject: [RateLimit],
          useFactory: (limit: RateLimit) => new RateLimitInterceptor(limit),
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
