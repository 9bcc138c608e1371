import { closeQueue, database, idle, startWorker } from './product.mjs';

/** Lets a worker do what building the demo left to do, and brings the statistics of the planner up to date. */
export default async function prepare() {
  const db = await database(1);
  const worker = await startWorker();
  await idle(db);
  await worker.close();
  await db.query('VACUUM ANALYZE');
  await closeQueue();
  await db.close();
  return {};
}
