// The worker has no port. It is well when it has said so within the last minute, and nothing has waited in the outbox
// for two: a row that old means that no relay runs, or that the queue behind it can't be reached.
// All workers of an installation share the sign of life, so with several of them one alone isn't told apart.
import pg from 'pg';

const client = new pg.Client({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 5000,
  query_timeout: 4000,
});
client.on('error', () => process.exit(1));
try {
  await client.connect();
  const { rows } = await client.query(
    `SELECT EXISTS (SELECT 1 FROM worker_beat WHERE beat_at > now() - interval '1 minute') AS alive,
            (SELECT count(*)::int FROM outbox WHERE taken_at IS NULL AND created_at < now() - interval '2 minutes') AS late`,
  );
  await client.end();
  if (!rows[0].alive) throw new Error('the worker has given no sign of life for a minute');
  if (rows[0].late > 0) throw new Error(`${rows[0].late} outbox rows have waited for more than two minutes`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
