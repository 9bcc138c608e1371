import { DataSource, type DataSourceOptions } from 'typeorm';
import { entities } from './entities/index.js';
import { migrations } from './migrations/index.js';
import { SnakeNaming } from './naming.js';

/** Options of the product's one data source; also used by the TypeORM command line. */
export function dataSourceOptions(url: string, poolSize = 10): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: entities as never,
    migrations,
    migrationsTableName: 'migration',
    namingStrategy: new SnakeNaming(),
    poolSize,
    migrationsTransactionMode: 'each',
  };
}

/** Opens the data source. Close it with `destroy()` before the server behind it stops. */
export async function openDataSource(url: string, poolSize?: number): Promise<DataSource> {
  return new DataSource(dataSourceOptions(url, poolSize)).initialize();
}

/** Brings a database to the newest schema; running it twice changes nothing. Returns the migrations that ran. */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await openDataSource(url, 2);
  try {
    return (await dataSource.runMigrations()).map((migration) => migration.name);
  } finally {
    await dataSource.destroy();
  }
}
