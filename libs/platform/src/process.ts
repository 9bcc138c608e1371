/** Keeping the processes of one installation together. */

export interface ShutdownLog {
  info(message: string): void;
  error(details: object, message: string): void;
}

const quiet: ShutdownLog = { info: () => undefined, error: () => undefined };

/**
 * Ends this process when the one that started it is gone, even when that was killed with -9: `npm start` gives its
 * children an IPC channel, which the operating system closes with the parent. Without such a channel (a container, a
 * service manager) it does nothing. `shutdown` gets `deadlineMs`, then the process ends regardless.
 */
export function exitWithParent(shutdown?: () => Promise<unknown> | unknown, deadlineMs = 5000): void {
  if (!process.channel) return;
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), deadlineMs).unref();
    void Promise.resolve()
      .then(() => shutdown?.())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  });
  // The channel alone must not keep a finished process alive, but its end must still be noticed.
  process.channel.unref();
}

/**
 * Runs `shutdown` once on SIGTERM, SIGINT or the end of the parent, then exits: 0 when it went well, 1 when it failed
 * or took longer than the deadline. The one way in which the API and the worker stop.
 */
export function onShutdown(
  shutdown: () => Promise<unknown>,
  log: ShutdownLog = quiet,
  deadlineMs = 10_000,
): void {
  let stopping: Promise<void> | undefined;
  const stop = (why: string): Promise<void> =>
    (stopping ??= (async () => {
      log.info(`stopping: ${why}`);
      setTimeout(() => process.exit(1), deadlineMs).unref();
      try {
        await shutdown();
        process.exit(0);
      } catch (error) {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      }
    })());
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  exitWithParent(() => stop('the parent process is gone'), deadlineMs);
}
