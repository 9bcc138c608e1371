import { type Checkpoint, DomainError } from '#domain';
import {
  calculateJwkThumbprint,
  compactVerify,
  CompactSign,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
} from 'jose';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.js';

const ALGORITHM = 'ES256';
const FORMAT = 'uplift.audit-checkpoint/1';
const TYPE = 'uplift-checkpoint';

/** The keys with which checkpoints of the audit trail are signed; anybody may check with the public halves. */
export interface AuditKeys {
  /** The public keys, as published at `/.well-known/uplift-audit-keys.json`. */
  readonly published: JSONWebKeySet;
  /** Signs with the newest key: a compact JWS over the payload's UTF-8 bytes. */
  sign(payload: string, type: string): Promise<string>;
}

/**
 * Reads `audit-keys.json` of the data folder; makes it (mode 0600, one ES256 key) when it isn't there. Older keys stay in
 * the file after a newer one was put first, so that what they signed can still be checked.
 */
export async function loadAuditKeys(dataDir: string): Promise<AuditKeys> {
  const file = join(dataDir, 'audit-keys.json');
  const { keys } = read(file) ?? (await make(file, dataDir));
  const [newest] = keys;
  if (!newest?.kid || !newest.d)
    throw new StartError(`The file ${file} holds no private key to sign with: put back its last copy.`);
  const key = await importJWK(newest, ALGORITHM);
  return {
    published: { keys: keys.map(({ d: _secret, ...open }) => open as JWK) },
    sign: (payload, type) =>
      new CompactSign(new TextEncoder().encode(payload))
        .setProtectedHeader({ alg: ALGORITHM, kid: newest.kid!, typ: type })
        .sign(key),
  };
}

/** A checkpoint as it is handed out and kept: docs/audit-trail.md, `audit-checkpoint.schema.json`. */
export interface SignedCheckpoint extends Checkpoint {
  readonly format: typeof FORMAT;
  /** Compact JWS (ES256) over the JSON of the other fields. */
  readonly signature: string;
}

/** Signs what a chain looks like now. */
export async function signCheckpoint(keys: AuditKeys, checkpoint: Checkpoint): Promise<SignedCheckpoint> {
  const { organisation, seq, hash, at } = checkpoint;
  const said = { format: FORMAT, organisation, seq, hash, at } as const;
  return { ...said, signature: await keys.sign(JSON.stringify(said), TYPE) };
}

/**
 * Reads a checkpoint and checks its signature. @throws DomainError `checkpoint-unreadable`, `checkpoint-signature-wrong`
 * (none of the keys signed it, or it says something else than what was signed).
 */
export async function readCheckpoint(
  text: string,
  name: string,
  published: AuditKeys['published'],
): Promise<Checkpoint> {
  let read: SignedCheckpoint;
  try {
    read = JSON.parse(text) as SignedCheckpoint;
  } catch {
    read = {} as SignedCheckpoint;
  }
  if (read.format !== FORMAT || typeof read.signature !== 'string')
    throw new DomainError('checkpoint-unreadable', `${name} is not a checkpoint of an audit trail.`, [
      { field: '/format', message: `must be ${FORMAT}` },
    ]);
  const signed = await checkSignature(read.signature, published, TYPE);
  const { organisation, seq, hash, at } = read;
  if (signed?.payload !== JSON.stringify({ format: FORMAT, organisation, seq, hash, at }))
    throw new DomainError(
      'checkpoint-signature-wrong',
      `${name} was not signed by any of the keys, or was changed after it was.`,
      [
        {
          field: '/signature',
          message: 'does not match',
          fix: 'Give the published keys of the system that made it: --keys FILE.',
        },
      ],
    );
  return { organisation, seq, hash, at };
}

/** The payload of a compact JWS, when one of the keys signed it, and the id of that key; else undefined. */
async function checkSignature(
  signature: string,
  keys: JSONWebKeySet,
  type: string,
): Promise<{ payload: string; kid: string } | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(signature, createLocalJWKSet(keys), {
      algorithms: [ALGORITHM],
    });
    if (protectedHeader.typ !== type) return undefined;
    return { payload: new TextDecoder().decode(payload), kid: String(protectedHeader.kid) };
  } catch {
    return undefined;
  }
}

function read(file: string): JSONWebKeySet | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as JSONWebKeySet;
    if (Array.isArray(found.keys)) return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  throw new StartError(
    `The audit keys in ${file} can't be read: start as the user who owns the file, or put back its last copy.`,
  );
}

/** Two processes that start together get the same key: the file appears whole, and the second finds the first one's. */
async function make(file: string, dataDir: string): Promise<JSONWebKeySet> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const keys = {
    keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' }],
  };
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(fresh, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return read(file)!;
    throw new StartError(
      `The data folder ${dataDir} can't be written (${(error as Error).message}): give it to this user or set UPLIFT_DATA_DIR.`,
    );
  } finally {
    rmSync(fresh, { force: true });
  }
  return keys;
}
