export interface WaitOptions {
  /** How long to wait at most; 10 s unless told. */
  readonly deadlineMs?: number;
  readonly intervalMs?: number;
  /** What is waited for: the end of "waited 10 s for ...". */
  readonly what: string;
}

/** Asks again and again until the answer is neither false, null nor undefined; fails with what was waited for. */
export async function waitFor<Value>(
  ask: () => Value | Promise<Value>,
  { deadlineMs = 10_000, intervalMs = 20, what }: WaitOptions,
): Promise<Exclude<Awaited<Value>, false | null | undefined>> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as Exclude<Awaited<Value>, false | null | undefined>;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((done) => setTimeout(done, intervalMs));
  } while (Date.now() < end);
  throw new Error(
    `Waited ${deadlineMs / 1000} s for ${what}${last ? `; the last try failed: ${String(last)}` : ''}.`,
    { cause: last },
  );
}
