import { DomainError } from './domain-error.js';

/** Largest file that may be attached, in bytes: 50 MB. */
export const EVIDENCE_LIMIT = 50 * 1024 * 1024;

/** Most pieces that one assessment may have, and that one call may ask about. */
export const MOST_EVIDENCE = 2000;

/**
 * What evidence may be, by media type, with the ending of its name. Photographs are developed anew before anybody sees
 * them; documents are handed out as they came, to be saved and never to be shown.
 */
export const EVIDENCE_TYPES = {
  'image/jpeg': { picture: true, ending: 'jpg' },
  'image/png': { picture: true, ending: 'png' },
  'image/webp': { picture: true, ending: 'webp' },
  'application/pdf': { picture: false, ending: 'pdf' },
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': {
    picture: false,
    ending: 'docx',
  },
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': { picture: false, ending: 'xlsx' },
} as const satisfies Record<string, { readonly picture: boolean; readonly ending: string }>;

/** Media type of a piece of evidence. */
export type EvidenceType = keyof typeof EVIDENCE_TYPES;

/**
 * Where a piece of evidence stands. `awaited`: its hash was declared, its bytes have not all come; `received`: they have,
 * they are what was declared, and are kept; `ready`: it can be looked at.
 */
export type EvidenceState = 'awaited' | 'received' | 'ready';

/**
 * What a piece of evidence is put forward for: the assessor's verdict, the supplier's own claim beside it, or what it has put
 * right since.
 */
export type EvidenceSupports = 'verdict' | 'claim' | 'correction';

/**
 * Where the correction of a finding stands. `draft`: it is put together; `handed-in`: it waits to be looked at; `accepted`:
 * the finding was closed with it; `refused`: with a reason, and another may follow.
 */
export type CorrectionState = 'draft' | 'handed-in' | 'accepted' | 'refused';

/**
 * The type of a file that was sent, as its content shows it.
 * @throws DomainError `evidence-type-not-allowed`
 */
export function evidenceType(found: string | undefined): EvidenceType {
  if (found !== undefined && Object.hasOwn(EVIDENCE_TYPES, found)) return found as EvidenceType;
  const heic = /^image\/hei[cf]/.test(found ?? '');
  throw new DomainError(
    'evidence-type-not-allowed',
    heic
      ? 'Pictures in HEIC cannot be read here.'
      : `Evidence may not be ${found === undefined ? 'of a kind that its content does not show' : found}.`,
    [
      {
        field: 'content',
        message: found ?? 'unknown',
        fix: heic
          ? 'Let the camera save JPEG ("most compatible"), or convert the picture.'
          : 'Send a photograph (JPEG, PNG, WebP) or a document (PDF, DOCX, XLSX without macros).',
      },
    ],
  );
}

/** @throws DomainError `evidence-too-large` when a file is larger than allowed. */
export function checkEvidenceSize(size: number): void {
  if (size <= EVIDENCE_LIMIT) return;
  throw new DomainError(
    'evidence-too-large',
    `A piece of evidence has at most ${EVIDENCE_LIMIT / 1024 / 1024} MB.`,
    [
      {
        field: '/size',
        message: `${Math.ceil(size / 1024 / 1024)} MB`,
        fix: 'Make the picture smaller, or split the document.',
      },
    ],
    'too-large',
  );
}
