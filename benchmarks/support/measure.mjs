import { performance } from 'node:perf_hooks';

export const median = (values) => quantile(values, 0.5);

/** Quantile by linear interpolation. */
export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  const h = (sorted.length - 1) * p;
  const k = Math.floor(h);
  return sorted[k] + (h - k) * ((sorted[k + 1] ?? sorted[k]) - sorted[k]);
}

/** Calls a second of something that doesn't wait, over at least so many milliseconds. */
export function rate(work, milliseconds) {
  const from = performance.now();
  let calls = 0;
  let spent;
  do {
    work();
    calls += 1;
    spent = performance.now() - from;
  } while (spent < milliseconds);
  return (calls / spent) * 1000;
}

/** Calls a second of something that waits, one after the other. */
export async function rateAsync(work, milliseconds) {
  const from = performance.now();
  let calls = 0;
  let spent;
  do {
    await work();
    calls += 1;
    spent = performance.now() - from;
  } while (spent < milliseconds);
  return (calls / spent) * 1000;
}

/** Milliseconds of one call. */
export async function timed(work) {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/**
 * Runs subject and reference in turn, who goes first changing each round, so that a slow moment of the machine hits
 * both. The first round warms up and isn't counted. Each side returns one figure.
 */
export async function interleave({ subject, reference, rounds, warmups = 1 }) {
  const sides = { subject: [], reference: [] };
  for (let round = -warmups; round < rounds; round += 1) {
    const order = [
      ['subject', subject],
      ['reference', reference],
    ];
    if (round % 2 !== 0) order.reverse();
    for (const [side, work] of order) {
      globalThis.gc?.();
      const figure = await work(round);
      if (round >= 0) sides[side].push(figure);
    }
  }
  return sides;
}

/** Ratios of the rounds, subject to reference. */
export function ratios({ subject, reference }) {
  const each = subject.map((figure, round) => figure / reference[round]);
  return { median: median(each), min: Math.min(...each), max: Math.max(...each), rounds: each.length };
}

/** A figure with its spread: "12.3 ms (11.9–14.0)". */
export function spread(values, unit) {
  const figure = (x) =>
    x >= 10_000
      ? `${(x / 1000).toFixed(x >= 100_000 ? 0 : 1)}k`
      : x >= 100
        ? x.toFixed(0)
        : x >= 10
          ? x.toFixed(1)
          : x.toFixed(2);
  return `${figure(median(values))} ${unit} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`;
}
