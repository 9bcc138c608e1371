import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type pg from 'pg';
import type { SignedIn } from '../identity.js';
import { SESSION } from './options.js';

/**
 * The session token of a request in the plain cases: one well-signed session cookie, or a bearer token. Null leaves
 * the request to better-auth, which has the last word on everything else.
 */
export function sessionToken(
  headers: IncomingHttpHeaders,
  cookieName: string,
  secret: string,
): string | null {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) {
    const token = /^bearer +([\w-]+)$/i.exec(authorization)?.[1];
    return token ?? signedToken(/^bearer +(\S+)$/i.exec(authorization)?.[1], secret);
  }
  const given = (cookie ?? '').split(';').map((each) => each.trim());
  const ours = given.filter((each) => each.startsWith(`${cookieName}=`));
  return ours.length === 1 ? signedToken(ours[0]!.slice(cookieName.length + 1), secret) : null;
}

/** The token of `token.signature` (HMAC-SHA-256 in Base64, perhaps percent-encoded) when the signature is right. */
function signedToken(value: string | undefined, secret: string): string | null {
  const [, token, signature] = /^([\w-]+)\.([\w+/%]+={0,1})$/.exec(value ?? '') ?? [];
  if (!token || !signature) return null;
  const expected = createHmac('sha256', secret).update(token).digest('base64');
  const [right, given] = [
    expected,
    signature
      .replace(/%2[Bb]/g, '+')
      .replace(/%2[Ff]/g, '/')
      .replace(/%3[Dd]/g, '='),
  ].map((text) => Buffer.from(text));
  return right!.length === given!.length && timingSafeEqual(right!, given!) ? token : null;
}

/**
 * Who is behind a live session, in one statement of ours: better-auth's own way to it costs several milliseconds of every
 * request. A session that has expired, is old enough to be prolonged, or whose last use is to be noted, isn't found here
 * and goes that way.
 */
export async function signedInBy(pool: pg.Pool, token: string): Promise<SignedIn | null> {
  const { rows } = await pool.query<SignedIn>(
    `SELECT u.id, u.name, u.email, u."emailVerified", s.id AS "sessionId", s."secondFactor", s."byLink" IS TRUE AS "byLink", u."twoFactorEnabled" IS TRUE AS enrolled
       FROM session s JOIN "user" u ON u.id = s."userId"
      WHERE s.token = $1 AND s."expiresAt" > $2 AND s."lastUsedAt" > now() - interval '1 minute'`,
    [token, new Date(Date.now() + (SESSION.expiresIn - SESSION.updateAge) * 1000)],
  );
  return rows[0] ?? null;
}

/** Node's headers as the web platform's. */
export function toHeaders(raw: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each);
  }
  return headers;
}
