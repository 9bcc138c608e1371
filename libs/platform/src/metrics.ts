import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What the worker reports about its jobs. */
export interface JobMetrics {
  done(name: string, seconds: number): void;
  failed(name: string, forGood: boolean): void;
}

export interface Metrics {
  readonly registry: Registry;
  readonly jobs: JobMetrics;
  /** One answered request; `route` is the pattern (`/sites/:id`), never the address with ids in it. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** Outbox rows that wait; a number that keeps growing means that no relay runs. */
  outboxWaiting(count: number): void;
  /** Jobs per state (`waiting`, `active`, `delayed`, `failed`, ...). */
  queueDepth(counts: Readonly<Record<string, number>>): void;
}

/** The numbers of one process, for `GET /metrics`. Each call makes a registry of its own, so tests don't meet. */
export function createMetrics(processName: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const requests = new Histogram({
    name: 'uplift_http_request_seconds',
    help: 'Time from request to answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const jobs = new Histogram({
    name: 'uplift_job_seconds',
    help: 'Time a job took that went well.',
    labelNames: ['name'] as const,
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120],
    registers,
  });
  const failures = new Counter({
    name: 'uplift_job_failures_total',
    help: 'Failed attempts; final ones went to the failed list.',
    labelNames: ['name', 'final'] as const,
    registers,
  });
  const outbox = new Gauge({
    name: 'uplift_outbox_waiting',
    help: 'Outbox rows not yet in the queue.',
    registers,
  });
  const depth = new Gauge({
    name: 'uplift_queue_jobs',
    help: 'Jobs per state.',
    labelNames: ['state'] as const,
    registers,
  });

  return {
    registry,
    jobs: {
      done: (name, seconds) => jobs.observe({ name }, seconds),
      failed: (name, forGood) => failures.inc({ name, final: String(forGood) }),
    },
    request: (method, route, status, seconds) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    outboxWaiting: (count) => outbox.set(count),
    queueDepth: (counts) => {
      for (const [state, count] of Object.entries(counts)) depth.set({ state }, count);
    },
  };
}
