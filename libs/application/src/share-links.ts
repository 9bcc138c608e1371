import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a link stands for. A grant's link of an older version opens nothing. */
export interface LinkedGrant {
  readonly id: string;
  readonly linkVersion: number;
}

const BODY = 20;

/**
 * Addresses for recipients without an account: the grant's id and its link's version, signed. Nothing about them is
 * stored, so there is nothing to steal from the database; they end with the grant, with a new version, or when the
 * product's secret is changed.
 */
export class ShareLinks {
  private readonly key: Buffer;

  constructor(
    secret: string,
    private readonly baseUrl: string,
  ) {
    // A key of its own: what signs sessions never signs links.
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'uplift consent link', 32));
  }

  /** Where the holder reads what was granted. */
  address(grant: LinkedGrant): string {
    return `${this.baseUrl}/shared/${this.token(grant)}`;
  }

  token({ id, linkVersion }: LinkedGrant): string {
    const body = Buffer.alloc(BODY);
    body.write(id.replaceAll('-', ''), 'hex');
    body.writeUInt32BE(linkVersion, BODY - 4);
    return Buffer.concat([body, this.sign(body)]).toString('base64url');
  }

  /** The grant behind a token, or null when we did not sign it. Takes the same time whichever byte is wrong. */
  read(token: string): LinkedGrant | null {
    const bytes = Buffer.from(token, 'base64url');
    // One spelling only: base64 readers overlook characters that aren't theirs.
    if (bytes.length !== BODY + 32 || bytes.toString('base64url') !== token) return null;
    const body = bytes.subarray(0, BODY);
    if (!timingSafeEqual(bytes.subarray(BODY), this.sign(body))) return null;
    const hex = body.toString('hex', 0, 16);
    const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
      '-',
    );
    return { id, linkVersion: body.readUInt32BE(BODY - 4) };
  }

  private sign(body: Buffer): Buffer {
    return createHmac('sha256', this.key).update(body).digest();
  }
}
