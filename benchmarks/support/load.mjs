/**
 * A small load loop in a thread of its own, so that making requests doesn't slow the event loop that answers them:
 * keep-alive connections, each sending its next request when it has the whole answer to the last.
 */
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** Starts the thread. `run({ port, path, headers, connections, milliseconds })` gives requests a second and latencies. */
export function startLoad() {
  const thread = new Worker(fileURLToPath(import.meta.url));
  return {
    run: (task) =>
      new Promise((done, stop) => {
        thread.once('message', ({ error, ...result }) => (error ? stop(new Error(error)) : done(result)));
        thread.postMessage(task);
      }),
    close: () => thread.terminate(),
  };
}

if (!isMainThread) {
  parentPort.on('message', (task) =>
    work(task).then(
      (result) => parentPort.postMessage(result),
      (error) => parentPort.postMessage({ error: error.message }),
    ),
  );
}

async function work({ port, path, headers, connections, milliseconds }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const one = () =>
    new Promise((done, stop) => {
      http
        .get({ host: '127.0.0.1', port, path, headers, agent }, (answer) => {
          let bytes = 0;
          answer.on('data', (chunk) => (bytes += chunk.length));
          answer.on('end', () =>
            answer.statusCode === 200 ? done(bytes) : stop(new Error(`${path}: ${answer.statusCode}`)),
          );
          answer.on('error', stop);
        })
        .on('error', stop);
    });
  const from = performance.now();
  const latencies = [];
  let bytes = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() - from < milliseconds) {
        const sent = performance.now();
        bytes = await one();
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const spent = performance.now() - from;
  agent.destroy();
  return { perSecond: (latencies.length / spent) * 1000, latencies, bytes };
}
