import { DataSource, type DataSourceOptions } from 'typeorm';
import { Database } from './database.js';
import { entities } from './entities/index.js';
import { migrations } from './migrations/index.js';
import { SnakeNaming } from './naming.js';
import { PreparingClient } from './prepared.js';

export interface Connecting {
  readonly poolSize?: number;
  /** The role the process works under: `uplift_api` or `uplift_worker`. Left out: the owner, for migrations and operators. */
  readonly role?: 'uplift_api' | 'uplift_worker';
}

/** Options of the product's one data source; also used by the TypeORM command line. */
export function dataSourceOptions(url: string, { poolSize = 10, role }: Connecting = {}): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: entities as never,
    migrations,
    migrationsTableName: 'migration',
    namingStrategy: new SnakeNaming(),
    poolSize,
    extra: {
      Client: PreparingClient,
      // At connection time, so that RESET ROLE leads back to it and every pooled connection has it.
      ...(role && { options: `-c role=${role}` }),
    },
    migrationsTransactionMode: 'each',
  };
}

/** Opens the data source. Close it with `destroy()` before the server behind it stops. */
export async function openDataSource(url: string, connecting?: Connecting): Promise<DataSource> {
  return new DataSource(dataSourceOptions(url, connecting)).initialize();
}

/** Opens the database for use cases. Close it with `close()` before the server behind it stops. */
export async function openDatabase(url: string, connecting?: Connecting): Promise<Database> {
  return new Database(await openDataSource(url, connecting));
}

/** Brings a database to the newest schema; running it twice changes nothing. Returns the migrations that ran. */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await openDataSource(url, { poolSize: 2 });
  try {
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}
