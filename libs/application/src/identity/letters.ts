import type { Locale } from '#domain';
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto';
import { createHash } from 'node:crypto';

/**
 * A mail about somebody's account. `url` carries a secret. It greets by the address: a name was typed by anybody, and must
 * not become a way to write to strangers.
 */
export interface Letter {
  readonly kind: 'sign-in-link' | 'email-verification' | 'password-reset' | 'account-exists';
  readonly email: string;
  readonly url: string;
  readonly language: Locale;
}

/*
 * What goes through the outbox and the queue is kept for days; secrets and addresses in it are sealed, so that neither a
 * backup nor somebody who looks at jobs can follow a link.
 */

/** Seals something for the worker with the product's secret. */
export const seal = (secret: string, value: unknown): Promise<string> =>
  symmetricEncrypt({ key: secret, data: JSON.stringify(value) });

/** Opens what was sealed. @throws when it was sealed with another secret. */
export const unseal = async <T>(secret: string, sealed: string): Promise<T> =>
  JSON.parse(await symmetricDecrypt({ key: secret, data: sealed })) as T;

/** SHA-256 of a random secret, as it is stored and looked up. */
export const secretHash = (secret: string): Buffer => createHash('sha256').update(secret).digest();
