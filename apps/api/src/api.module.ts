import { Database, dataSourceOptions } from '#persistence';
import {
  ApiTokensService,
  AssessmentsService,
  AssessorsService,
  AuditService,
  BuyersService,
  CertificatesService,
  CharterService,
  CohortsService,
  ComplaintsService,
  ConsentsService,
  ContentService,
  createIdentity,
  DeskService,
  DocumentsService,
  EngagementsService,
  CorrectionsService,
  EvidenceService,
  ExportsService,
  FindingsService,
  GainsService,
  type Identity,
  ImpartialityService,
  ImportsService,
  InvitationsService,
  JobsService,
  LeavingService,
  MembersService,
  OperationsService,
  PartiesService,
  PeopleService,
  ProgrammesService,
  ReadinessService,
  ReportsService,
  seal,
  SharedService,
  ShareLinks,
  VisitsService,
} from '#application';
import {
  appendToOutbox,
  type Config,
  createLogger,
  createMetrics,
  evidenceObjects,
  evidenceUploads,
  FolderDocumentStore,
  type JobQueue,
  loadAuditKeys,
  makeQueue,
  PartialUploads,
  senderOf,
} from '#platform';
import {
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { join } from 'node:path';
import { AssessmentsController } from './assessments.controller.js';
import { AssessorsController, EngagementsController } from './assessors.controller.js';
import { ComplaintsController } from './complaints.controller.js';
import { ImpartialityController } from './impartiality.controller.js';
import { CharterController, ConsentsController, SharingController } from './consents.controller.js';
import { ContentController } from './content.controller.js';
import { CertificatesController } from './certificates.controller.js';
import { DeskController } from './desk.controller.js';
import { EvidenceController } from './evidence.controller.js';
import { FindingsController } from './findings.controller.js';
import { GainsController } from './gains.controller.js';
import { HealthController } from './health.controller.js';
import { HomeController } from './home.controller.js';
import { ActorInterceptor } from './http/actor.interceptor.js';
import { SignedInGuard } from './http/auth.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { RateLimit, RateLimitInterceptor } from './http/rate-limit.js';
import { EtagInterceptor } from './http/revision.js';
import { CONFIG, IDENTITY, METRICS, QUEUE } from './http/tokens.js';
import { MeController } from './me.controller.js';
import { MembersController, PartiesController } from './parties.controller.js';
import { CohortsController, ProgrammesController } from './programmes.controller.js';
import { OperationsController } from './operations.controller.js';
import { ReadinessController } from './readiness.controller.js';
import { ImportsController } from './imports.controller.js';
import { IdentityController } from './identity.controller.js';
import { JobsController } from './jobs.controller.js';
import { InvitationsController } from './invitations.controller.js';
import { ReportsController } from './reports.controller.js';
import { SharedController } from './shared.controller.js';
import { VisitsController } from './visits.controller.js';
import { PeopleController } from './people.controller.js';
import { TrailController } from './trail.controller.js';

const onDatabase = <T>(Service: new (db: Database) => T) => ({
  provide: Service,
  inject: [Database],
  useFactory: (db: Database) => new Service(db),
});

/** Sign-in, whose mails go by the outbox, sealed: they carry secrets. */
function identityOf(config: Config, db: Database): Identity {
  const log = createLogger(config, 'identity');
  return createIdentity(config, {
    log: (level, message) => log[level](message),
    post: async (letter) => {
      await appendToOutbox(db, 'identity-letter', { sealed: await seal(config.secret, letter) });
    },
  });
}

/** The API: controllers over the use cases. Wiring only. */
@Module({})
export class ApiModule implements OnModuleDestroy, OnApplicationShutdown {
  constructor(
    @Inject(QUEUE) private readonly queue: JobQueue,
    @Inject(IDENTITY) private readonly identity: Identity,
    private readonly uploads: PartialUploads,
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
        EvidenceController,
        OperationsController,
        FindingsController,
        GainsController,
        AssessorsController,
        EngagementsController,
        ImpartialityController,
        ComplaintsController,
        VisitsController,
        ReadinessController,
        CertificatesController,
        DeskController,
        ReportsController,
        ConsentsController,
        SharingController,
        CharterController,
        SharedController,
        ContentController,
        ImportsController,
        IdentityController,
        InvitationsController,
        TrailController,
        PeopleController,
        JobsController,
        HealthController,
        HomeController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Database, inject: [DataSource], useFactory: (source: DataSource) => new Database(source) },
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
        {
          provide: IDENTITY,
          inject: [Database],
          useFactory: (db: Database) => identityOf(config, db),
        },
        {
          provide: InvitationsService,
          inject: [Database],
          useFactory: (db: Database) => new InvitationsService(db, config.secret),
        },
        onDatabase(ApiTokensService),
        { provide: JobsService, inject: [QUEUE], useFactory: (queue: JobQueue) => new JobsService(queue) },
        { provide: ShareLinks, useFactory: () => new ShareLinks(config.secret, config.baseUrl) },
        {
          provide: ConsentsService,
          inject: [Database, ShareLinks],
          useFactory: (db: Database, links: ShareLinks) => new ConsentsService(db, links),
        },
        {
          provide: SharedService,
          inject: [Database, ShareLinks, CertificatesService],
          useFactory: (db: Database, links: ShareLinks, certificates: CertificatesService) =>
            new SharedService(db, links, certificates, config.baseUrl),
        },
        onDatabase(BuyersService),
        onDatabase(CharterService),
        onDatabase(DeskService),
        onDatabase(PartiesService),
        onDatabase(ProgrammesService),
        onDatabase(CohortsService),
        onDatabase(AssessmentsService),
        { provide: PartialUploads, useFactory: () => evidenceUploads(config) },
        {
          provide: EvidenceService,
          inject: [Database, AssessmentsService, PartialUploads],
          useFactory: (db: Database, assessments: AssessmentsService, uploads: PartialUploads) =>
            new EvidenceService(db, {
              assessments,
              uploads,
              objects: evidenceObjects(config),
              quota: config.evidenceQuota,
            }),
        },
        {
          provide: OperationsService,
          inject: [Database, AssessmentsService],
          useFactory: (db: Database, assessments: AssessmentsService) =>
            new OperationsService(db, assessments),
        },
        onDatabase(PeopleService),
        {
          provide: VisitsService,
          inject: [Database],
          useFactory: (db: Database) =>
            new VisitsService(db, { organiser: senderOf(config.mailFrom), baseUrl: config.baseUrl }),
        },
        onDatabase(FindingsService),
        onDatabase(CorrectionsService),
        onDatabase(GainsService),
        onDatabase(AssessorsService),
        onDatabase(EngagementsService),
        onDatabase(ImpartialityService),
        onDatabase(ComplaintsService),
        onDatabase(ReadinessService),
        onDatabase(ReportsService),
        onDatabase(ContentService),
        {
          provide: AuditService,
          inject: [Database],
          useFactory: (db: Database) => new AuditService(db, () => loadAuditKeys(config.dataDir)),
        },
        onDatabase(LeavingService),
        {
          provide: ExportsService,
          inject: [Database],
          useFactory: (db: Database) => new ExportsService(db, config.dataDir),
        },
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
        onDatabase(MembersService),
        {
          provide: APP_GUARD,
          inject: [IDENTITY, PartiesService, ApiTokensService, Reflector],
          useFactory: (
            identity: Identity,
            parties: PartiesService,
            tokens: ApiTokensService,
            reflector: Reflector,
          ) => new SignedInGuard(identity, parties, tokens, reflector, config),
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
        // Between the two: a kept answer keeps its ETag, and nothing gets one before its transaction has ended.
        { provide: APP_INTERCEPTOR, useClass: EtagInterceptor },
        {
          provide: APP_INTERCEPTOR,
          inject: [Database],
          useFactory: (db: Database) => new ActorInterceptor(db),
        },
      ],
    };
  }

  /** Before the server waits for its connections: a slow upload goes on at another instance. */
  onModuleDestroy(): void {
    this.uploads.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    await this.identity.close();
  }
}
