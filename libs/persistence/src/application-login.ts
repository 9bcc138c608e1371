import pg from 'pg';

/** The login of the API and the worker: it owns nothing, and of itself may do nothing but take on their roles. */
const LOGIN = 'uplift_app';
const ROLES = ['uplift_api', 'uplift_worker', 'uplift_identity', 'uplift_importer'];

/**
 * Makes the login under which the API and the worker connect, or gives it a new password, and returns its address. So
 * that neither process ever holds the rights of the database's owner. Runs as the owner, after the migrations of product,
 * identity and queue.
 * @param ownerUrl address of the database with its owner, who may make roles
 * @throws DatabaseError `42501` where the owner may not
 */
export async function applicationLogin(ownerUrl: string, password: string): Promise<string> {
  const client = new pg.Client({ connectionString: ownerUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const secret = client.escapeLiteral(password);
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [LOGIN]);
    await client.query(
      `${rowCount ? 'ALTER' : 'CREATE'} ROLE ${LOGIN} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${secret}`,
    );
    await client.query(`GRANT ${ROLES.join(', ')} TO ${LOGIN}`);
    // The queue's library connects without a role, so its tables are the login's to use.
    const { rowCount: queue } = await client.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'jobs'`);
    if (queue) {
      await client.query(`GRANT USAGE, CREATE ON SCHEMA jobs TO ${LOGIN}`);
      await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO ${LOGIN}`);
      await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO ${LOGIN}`);
      await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO ${LOGIN}`);
    }
  } finally {
    await client.end();
  }
  const url = new URL(ownerUrl);
  url.username = LOGIN;
  url.password = encodeURIComponent(password);
  return url.href;
}
