import { APIError } from 'better-auth/api';
import { hashPassword, verifyPassword } from 'better-auth/crypto';

/** Hashes at once: each takes 32 MB and a thread of the pool of four that files and names are looked up with, too. */
const AT_ONCE = 2;
/** More than this don't wait: they would time out anyway. */
const WAITING = 40;

/** Hashes passwords a few at a time, people at known devices first, so that a flood of guesses doesn't take the API down. */
export class Passwords {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** `first` tells of the running request whether it goes before others. */
  constructor(private readonly first: () => boolean) {}

  readonly hash = (password: string): Promise<string> => this.inTurn(() => hashPassword(password));
  readonly verify = (given: { hash: string; password: string }): Promise<boolean> =>
    this.inTurn(() => verifyPassword(given));

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < AT_ONCE) this.running += 1;
    else {
      const first = this.first();
      if (!first && this.waiting.length >= WAITING)
        throw new APIError('TOO_MANY_REQUESTS', {
          code: 'too-many-requests',
          message: 'Too many people are signing in at this moment; try again in a minute.',
        });
      await new Promise<void>((go) => (first ? this.waiting.unshift(go) : this.waiting.push(go)));
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
