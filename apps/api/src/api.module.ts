import {
  ApiTokensService,
  AssessmentsService,
  CertificatesService,
  ContentService,
  createIdentity,
  type Identity,
  InvitationsService,
  PartiesService,
  ReadinessService,
  ReportsService,
  seal,
  VisitsService,
} from '#application';
import { Database, dataSourceOptions } from '#persistence';
import {
  appendToOutbox,
  type Config,
  createLogger,
  createMetrics,
  type JobQueue,
  makeQueue,
} from '#platform';
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
import { IdentityController } from './identity.controller.js';
import { InvitationsController } from './invitations.controller.js';
import { PartiesController } from './parties.controller.js';
import { ReportsController } from './reports.controller.js';

const onDatabase = <T>(Service: new (db: DataSource) => T) => ({
  provide: Service,
  inject: [DataSource],
  useFactory: (db: DataSource) => new Service(db),
});

/** Sign-in, whose mails go by the outbox, sealed: they carry secrets. */
function identityOf(config: Config, db: DataSource): Identity {
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
        IdentityController,
        InvitationsController,
        HealthController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: QUEUE, useFactory: () => makeQueue(config) },
        { provide: METRICS, useFactory: () => createMetrics('api') },
        {
          provide: IDENTITY,
          inject: [DataSource],
          useFactory: (db: DataSource) => identityOf(config, db),
        },
        { provide: Database, inject: [DataSource], useFactory: (db: DataSource) => new Database(db) },
        {
          provide: InvitationsService,
          inject: [Database],
          useFactory: (db: Database) => new InvitationsService(db, config.secret),
        },
        {
          provide: ApiTokensService,
          inject: [Database],
          useFactory: (db: Database) => new ApiTokensService(db),
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
          inject: [IDENTITY, PartiesService, ApiTokensService, Reflector],
          useFactory: (
            identity: Identity,
            parties: PartiesService,
            tokens: ApiTokensService,
            reflector: Reflector,
          ) => new SignedInGuard(identity, parties, tokens, reflector, config.baseUrl),
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
