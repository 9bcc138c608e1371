import { dataSourceOptions, Database } from '#persistence';
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
import { DataSource } from 'typeorm';
import { join } from 'node:path';
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

const onDatabase = <T>(Service: new (db: Database) => T) => ({
  provide: Service,
  inject: [Database],
  useFactory: (db: Database) => new Service(db),
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
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(config.databaseUrl, { role: 'uplift_api' }),
          retryAttempts: 3,
        }),
      ],
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
        { provide: Database, inject: [DataSource], useFactory: (source: DataSource) => new Database(source) },
        { provide: QUEUE, useFactory: () => makeQueue(config) },
        { provide: METRICS, useFactory: () => createMetrics('api') },
        { provide: IDENTITY, useFactory: () => createIdentity(config) },
        onDatabase(PartiesService),
        onDatabase(ProgrammesService),
        onDatabase(CohortsService),
        onDatabase(AssessmentsService),
        onDatabase(PeopleService),
        {
          provide: VisitsService,
          inject: [Database],
          useFactory: (db: Database) =>
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
          inject: [Database],
          useFactory: (db: Database) => new ImportsService(db, config.databaseUrl),
        },
        {
          provide: CertificatesService,
          inject: [Database],
          useFactory: (db: Database) => new CertificatesService(db, config.baseUrl),
        },
        {
          provide: DocumentsService,
          inject: [Database, ReportsService, CertificatesService],
          useFactory: (db: Database, reports: ReportsService, certificates: CertificatesService) => {
            const log = new Logger('documents');
            const store = new FolderDocumentStore(join(config.dataDir, 'documents'));
            return new DocumentsService(db, store, reports, certificates, ({ message }) => log.warn(message));
          },
        },
        {
          provide: MembersService,
          inject: [Database],
          useFactory: (db: Database) => new MembersService(db, config.secret),
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
          inject: [Database],
          useFactory: (db: Database) => new IdempotencyInterceptor(db),
        },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    await this.identity.close();
  }
}
