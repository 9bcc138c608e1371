// Asks the worker's own port: ready means that database and queue answer and nothing is stuck in the outbox.
const port = process.env.WORKER_PORT ?? '3001';
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(8000) });
  if (!answer.ok) throw new Error(`not ready: ${await answer.text()}`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
