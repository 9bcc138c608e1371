import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskFullSentence, StartError } from './start-error.js';

/** What is made once per data folder and never leaves it. */
export interface Secrets {
  /** Signs sessions and tokens. */
  readonly secret: string;
  /** Password of the embedded PostgreSQL. */
  readonly postgresPassword: string;
}

const make = (): string => randomBytes(32).toString('base64url');

function read(file: string): Partial<Secrets> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartError(
      `The secrets in ${file} can't be read (${(error as Error).message}): start as the user who owns the file.`,
    );
  }
  try {
    return JSON.parse(text) as Partial<Secrets>;
  } catch {
    throw new StartError(
      `The file ${file} isn't JSON: put back its last copy, or delete it and everybody signs in again.`,
    );
  }
}

/** Whether the data folder already has its secrets. */
export const hasSecrets = (dataDir: string): boolean => read(join(dataDir, 'secrets.json')) !== undefined;

/**
 * Reads `secrets.json` of the data folder; makes it (mode 0600) at the first start. Two processes that start together
 * get the same values: the file appears whole or not at all, and the second one finds the first one's.
 */
export function loadSecrets(dataDir: string): Secrets {
  const file = join(dataDir, 'secrets.json');
  const found = read(file);
  if (found?.secret && found.postgresPassword) return found as Secrets;
  const secrets: Secrets = { secret: make(), postgresPassword: make(), ...found };
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(fresh, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    chmodSync(fresh, 0o600);
    if (found) renameSync(fresh, file);
    else linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return loadSecrets(dataDir);
    throw new StartError(
      diskFullSentence(error, dataDir) ??
        `The data folder ${dataDir} can't be written (${(error as Error).message}): give it to this user or set UPLIFT_DATA_DIR.`,
    );
  } finally {
    rmSync(fresh, { force: true });
  }
  return secrets;
}
