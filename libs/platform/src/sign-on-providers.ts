import { readFileSync } from 'node:fs';

/** An organisation's own OpenID Connect provider, by which its people sign in. */
export interface SignOnProvider {
  /** Part of the addresses: letters, digits and hyphens. Never changes, or people lose their link to the provider. */
  readonly id: string;
  /** What the button says. */
  readonly name: string;
  /** `https://…`, below which `/.well-known/openid-configuration` is found. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Domains of the addresses it may vouch for, in lower case. */
  readonly domains: readonly string[];
  /** Whose members its people become, and in which role, when they sign in for the first time. */
  readonly organisationId: string;
  readonly role: string;
  /** The provider asks for a second factor itself, so Uplift doesn't ask again. */
  readonly secondFactor: boolean;
}

const ROLES = ['qa-manager', 'programme-manager', 'assessor', 'mentor', 'reviewer', 'decider', 'viewer'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What each field must be: a check and the end of the sentence that says so. */
const FIELDS: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  id: [
    (value) => /^[a-z0-9][a-z0-9-]{0,39}$/.test(String(value)),
    'must be lower-case letters, digits and hyphens',
  ],
  name: [(value) => typeof value === 'string' && value.trim().length > 0, 'must say what the button says'],
  issuer: [
    (value) =>
      URL.canParse(String(value)) &&
      (String(value).startsWith('https://') ||
        ['localhost', '127.0.0.1', '[::1]'].includes(new URL(String(value)).hostname)),
    'must be an https address',
  ],
  clientId: [(value) => typeof value === 'string' && value.length > 0, 'is missing'],
  domains: [
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((each) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(String(each))),
    'must be a list of lower-case domains such as ["example.org"]',
  ],
  organisationId: [(value) => UUID.test(String(value)), 'must be the id of an organisation'],
  role: [(value) => ROLES.includes(String(value)), `must be one of ${ROLES.join(', ')}`],
};

/** Reads the providers from a JSON file; what is wrong goes to `problems`, one sentence each. */
export function readSignOnProviders(
  file: string | undefined,
  env: NodeJS.ProcessEnv,
  problems: string[],
): readonly SignOnProvider[] {
  if (file === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    problems.push(`UPLIFT_SSO_FILE (${file}) can't be read: ${(error as Error).message}.`);
    return [];
  }
  if (!Array.isArray(list)) {
    problems.push(`UPLIFT_SSO_FILE (${file}) must hold a list of providers.`);
    return [];
  }
  const before = problems.length;
  const providers = list.map((entry, index): SignOnProvider => {
    const given = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    const wrong = (field: string, what: string) =>
      problems.push(`UPLIFT_SSO_FILE (${file}), provider ${index + 1}: ${field} ${what}.`);
    for (const [field, [right, what]] of Object.entries(FIELDS)) if (!right(given[field])) wrong(field, what);
    // The secret itself, or the name of the environment variable that holds it.
    const variable = given['clientSecretEnv'];
    const secret = typeof variable === 'string' ? env[variable] : given['clientSecret'];
    if (typeof secret !== 'string' || secret === '')
      wrong('clientSecret', 'is missing (or set clientSecretEnv to the name of a variable that holds it)');
    return { ...given, clientSecret: secret, secondFactor: given['secondFactor'] === true } as never;
  });
  if (new Set(providers.map(({ id }) => id)).size < providers.length)
    problems.push(`UPLIFT_SSO_FILE (${file}): two providers have the same id.`);
  return problems.length > before ? [] : Object.freeze(providers.map((each) => Object.freeze(each)));
}
