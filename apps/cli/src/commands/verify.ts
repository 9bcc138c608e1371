import {
  isLocalDate,
  parseCertificateNumber,
  score,
  type ChecklistVersion,
  type Score,
  type ScoringProfile,
} from '#domain';
import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { contentHash, parseContent } from '../../../../libs/application/src/content.service.js';
import {
  answerWith,
  badInput,
  checkSchema,
  ContentSources,
  EXIT,
  processIo,
  readJson,
  readyAssessment,
  Refusals,
  type Answer,
  type CommandIo,
  type JsonInput,
} from '../json-io.js';

/** One thing that was checked. `holds: false` means that the document does not say what it should. */
export interface VerificationCheck {
  /** Published code: `number`, `verify-url`, `dates`, `lock-hash`, `score-as-found`, `score-after-closure`, `report-hash`, `statement`. */
  readonly check: string;
  readonly holds: boolean;
  /** In words, with both values when they differ. */
  readonly detail: string;
}

/** What `uplift verify` prints (docs/cli.md). */
export interface VerificationOutput {
  readonly format: 'uplift.verification/1';
  readonly of: 'number' | 'credential' | 'assessment' | 'credential-and-assessment';
  /** All checks hold. It never means that a certificate is in force: only the register knows that. */
  readonly verified: boolean;
  readonly number?: string | null;
  readonly checks: readonly VerificationCheck[];
  /** What cannot be told offline, or for want of data. */
  readonly notChecked: readonly string[];
  /** Recomputed hash of an assessment. */
  readonly lockHash?: string;
}

/** A credential as attached to the PDF of a certificate. */
interface Credential {
  readonly type: 'BuyerReadinessStatement';
  readonly number: string;
  readonly issuedOn: string;
  readonly validUntil: string | null;
  readonly verify?: string;
  readonly statement?: {
    readonly reportHash?: string;
    readonly asFound?: Readonly<Record<string, unknown>>;
    readonly afterClosure?: Readonly<Record<string, unknown>>;
    readonly assessment?: { readonly dates?: readonly string[] };
  };
}

/** An assessment as exported: what its lock hash rests on, and what it is to be compared with. */
interface ExportedAssessment {
  readonly siteId: string;
  readonly checklist: string;
  readonly version: string;
  readonly profile: string;
  readonly profileVersion: string;
  readonly level: string;
  readonly kind: string;
  readonly assessedOn: string;
  readonly responses: readonly Readonly<Record<string, string | null>>[];
  readonly lockHash?: string | null;
  readonly asFound?: object | null;
  readonly afterClosure?: object | null;
  /** Needed when the product does not ship them. */
  readonly checklistBody?: object;
  readonly profileBody?: object;
}

const REGISTER =
  'Whether the certificate is in force, suspended or withdrawn: only the register at its verify address knows.';
const AUTHENTIC = 'Who wrote the document: it carries no signature, so compare it with the register.';

/** Checks the shape and the check character of a certificate number; needs nothing but the number. */
export function verifyNumber(given: string): VerificationOutput {
  const { check, number } = numberCheck(given);
  return {
    format: 'uplift.verification/1',
    of: 'number',
    verified: check.holds,
    number,
    checks: [check],
    notChecked: [REGISTER],
  };
}

function numberCheck(given: string): { check: VerificationCheck; number: string | null } {
  const number = parseCertificateNumber(given);
  const detail =
    number === null
      ? `"${given.slice(0, 60)}" is mistyped: the shape or the check character is wrong.`
      : 'Shape and check character are right.';
  return { number, check: { check: 'number', holds: number !== null, detail } };
}

/**
 * Checks a credential, an exported assessment, or `{credential, assessment}` that belong together.
 * @throws DomainError with every problem of the input
 */
export async function verifyJson({ value, folder }: JsonInput): Promise<VerificationOutput> {
  const has = (name: string): boolean => typeof value === 'object' && value !== null && name in value;
  if (has('credential') || (has('assessment') && !has('siteId'))) {
    const both = checkSchema<{ credential: Credential; assessment: ExportedAssessment }>(
      'verify-input#/$defs/both',
      value,
      'a credential with its assessment',
    );
    const own = await assessmentChecks(both.assessment, folder, '/assessment');
    const { checks, number, notChecked } = credentialChecks(both.credential, own);
    return output(
      'credential-and-assessment',
      [...checks, ...own.checks],
      [...notChecked, ...own.notChecked],
      number,
      own.lockHash,
    );
  }
  if (has('siteId') || has('responses')) {
    const own = await assessmentChecks(
      checkSchema<ExportedAssessment>('verify-input#/$defs/assessment', value, 'an exported assessment'),
      folder,
      '',
    );
    return output('assessment', own.checks, own.notChecked, undefined, own.lockHash);
  }
  if (!has('type')) {
    throw badInput('input-invalid', 'The input is neither a credential nor an exported assessment.', [
      {
        field: '/type',
        message: 'is missing',
        fix: 'Give the JSON attached to the certificate, an exported assessment, or {"credential": …, "assessment": …}.',
      },
    ]);
  }
  const { checks, number, notChecked } = credentialChecks(
    checkSchema<Credential>('verify-input#/$defs/credential', value, 'a credential'),
    null,
  );
  return output('credential', checks, notChecked, number);
}

function output(
  of: VerificationOutput['of'],
  checks: VerificationCheck[],
  notChecked: string[],
  number?: string | null,
  lockHash?: string,
): VerificationOutput {
  return {
    format: 'uplift.verification/1',
    of,
    verified: checks.every((c) => c.holds),
    number,
    checks,
    notChecked,
    lockHash,
  };
}

interface AssessmentChecks {
  readonly lockHash: string;
  readonly asFound: Score;
  readonly afterClosure: Score;
  readonly checks: VerificationCheck[];
  readonly notChecked: string[];
}

async function assessmentChecks(
  given: ExportedAssessment,
  folder: string,
  at: string,
): Promise<AssessmentChecks> {
  const refusals = new Refusals();
  const body = (name: 'checklistBody' | 'profileBody'): object | undefined => {
    const inline = given[name];
    return inline && refusals.try(`${at}/${name}`, () => parseContent(JSON.stringify(inline)));
  };
  const [checklistBody, profileBody] = [body('checklistBody'), body('profileBody')];
  refusals.try(at, () => {
    if (!isLocalDate(given.assessedOn)) {
      throw badInput('impossible-date', 'The assessment has no day.', [
        {
          field: '/assessedOn',
          message: `"${given.assessedOn}" is not a day`,
          fix: 'Write a day that exists as YYYY-MM-DD.',
        },
      ]);
    }
  });
  refusals.throwIfAny();
  const responses = given.responses.map(({ requirement, answer, naReason, note, closedOn }) =>
    Object.fromEntries(
      Object.entries({ requirement, answer, naReason, note, closedOn }).filter(
        ([, v]) => v !== null && v !== undefined,
      ),
    ),
  ) as never;
  const ready = readyAssessment(
    {
      checklist: (checklistBody as ChecklistVersion | undefined) ?? {
        checklist: given.checklist,
        version: given.version,
      },
      profile: (profileBody as ScoringProfile | undefined) ?? {
        profile: given.profile,
        version: given.profileVersion,
      },
      level: given.level,
      responses,
    },
    new ContentSources(folder),
    refusals,
    at,
  );
  refusals.throwIfAny();
  const { checklist, profile } = ready!;
  if (
    checklist.checklist !== given.checklist ||
    checklist.version !== given.version ||
    profile.profile !== given.profile ||
    profile.version !== given.profileVersion
  ) {
    throw badInput('input-invalid', 'The checklist or profile given is not the one the assessment names.', [
      {
        field: checklistBody ? `${at}/checklistBody` : `${at}/profileBody`,
        message: 'is another code or version',
        fix: 'Give the content the assessment is pinned to.',
      },
    ]);
  }
  const asFound = score(checklist, given.level, profile, responses, 'as-found');
  const afterClosure = score(checklist, given.level, profile, responses, 'after-closure');
  // One rule for one hash: the service's own. It is loaded here only, for it brings the whole platform along.
  const { lockHash: hashOf } = await import('../../../../libs/application/src/assessments.service.js');
  const lockHash = hashOf({ ...given, responses } as never);

  const checks: VerificationCheck[] = [];
  const notChecked: string[] = [];
  if (given.lockHash) {
    const holds = given.lockHash === lockHash;
    checks.push({
      check: 'lock-hash',
      holds,
      detail: holds
        ? 'The answers are those that were locked.'
        : `Recorded ${given.lockHash}, recomputed ${lockHash}.`,
    });
  } else notChecked.push('Lock hash: the assessment carries none, as while it is not closed.');
  for (const [check, recorded, own] of [
    ['score-as-found', given.asFound, asFound],
    ['score-after-closure', given.afterClosure, afterClosure],
  ] as const) {
    if (!recorded) {
      notChecked.push(
        `${check}: no recorded result to compare with; recomputed: ${own.points === null ? own.reason : `${own.points} points`}.`,
      );
      continue;
    }
    const differences = differencesOf(recorded, JSON.parse(JSON.stringify(own)) as unknown, '');
    checks.push({
      check,
      holds: differences.length === 0,
      detail:
        differences.length === 0
          ? 'The recorded result follows from the answers.'
          : `Differs: ${differences.slice(0, 20).join('; ')}.`,
    });
  }
  return { lockHash, asFound, afterClosure, checks, notChecked };
}

function credentialChecks(
  credential: Credential,
  own: AssessmentChecks | null,
): { checks: VerificationCheck[]; number: string | null; notChecked: string[] } {
  const { check, number } = numberCheck(credential.number);
  const checks: VerificationCheck[] = [check];
  const notChecked = [REGISTER, AUTHENTIC];
  const { statement, issuedOn, validUntil, verify } = credential;
  if (verify !== undefined) {
    const holds = verify.split('/').at(-1) === credential.number;
    checks.push({
      check: 'verify-url',
      holds,
      detail: holds
        ? 'The verify address ends in the number.'
        : `${verify} does not end in ${credential.number}.`,
    });
  }
  const days = [
    ...(statement?.assessment?.dates ?? []),
    issuedOn,
    ...(validUntil === null ? [] : [validUntil]),
  ];
  const impossible = days.filter((day) => !isLocalDate(day));
  const inOrder =
    (statement?.assessment?.dates ?? []).every((day) => day <= issuedOn) &&
    (validUntil === null || issuedOn <= validUntil);
  checks.push({
    check: 'dates',
    holds: impossible.length === 0 && inOrder,
    detail:
      impossible.length > 0
        ? `Not a day: ${impossible.join(', ')}.`
        : inOrder
          ? 'Assessed, issued and valid in this order.'
          : 'Days are not in the order assessed, issued, valid until.',
  });
  if (!own) {
    notChecked.push('The result: give {"credential": …, "assessment": …} to recompute it.');
    return { checks, number, notChecked };
  }
  if (statement?.reportHash) {
    const hash = contentHash({
      lock: own.lockHash,
      score: JSON.parse(JSON.stringify(own.asFound)) as unknown,
    });
    const holds = hash === statement.reportHash;
    checks.push({
      check: 'report-hash',
      holds,
      detail: holds
        ? 'The certificate rests on this assessment.'
        : `Stated ${statement.reportHash}, recomputed ${hash}.`,
    });
  } else notChecked.push('report-hash: the statement carries none.');
  for (const [name, result, findings] of [
    ['asFound', own.asFound, 'findings'],
    ['afterClosure', own.afterClosure, 'openFindings'],
  ] as const) {
    const stated = statement?.[name];
    if (!stated) continue;
    const { critical, major, minor } = result[findings];
    const verdict =
      result.status === 'not-scorable'
        ? 'not-scorable'
        : result.passed === null
          ? 'rated'
          : result.passed
            ? 'pass'
            : 'fail';
    const real = {
      verdict,
      points: result.points,
      conforming: result.counts.conforming,
      applicable: result.counts.applicable,
      critical,
      major,
      minor,
    };
    const differences = differencesOf(stated, real, `/statement/${name}`);
    checks.push({
      check: 'statement',
      holds: differences.length === 0,
      detail:
        differences.length === 0
          ? `${name} states the recomputed result.`
          : `Differs: ${differences.join('; ')}.`,
    });
  }
  return { checks, number, notChecked };
}

/** Where a recorded value says something else than the recomputed one; fields that are not recorded are not compared. */
function differencesOf(recorded: unknown, real: unknown, at: string): string[] {
  if (typeof recorded !== 'object' || recorded === null || typeof real !== 'object' || real === null) {
    return recorded === real
      ? []
      : [`${at || '/'} says ${JSON.stringify(recorded)}, not ${JSON.stringify(real)}`];
  }
  if (Array.isArray(recorded) && recorded.length !== (real as unknown[]).length) {
    return [`${at} has ${recorded.length} members, not ${(real as unknown[]).length}`];
  }
  return Object.entries(recorded).flatMap(([key, value]) =>
    differencesOf(value, (real as Record<string, unknown>)[key], `${at}/${key}`),
  );
}

/** `uplift verify [NUMBER|FILE|-]`: checks a number, a credential or an exported assessment offline. Needs no database. */
export function verifyCommand(io: CommandIo = processIo): Command {
  return new Command('verify')
    .description(
      'Check a certificate number, a credential or an exported assessment offline. Exit code 1: it does not verify.',
    )
    .argument('[number-or-file]', 'certificate number, or a JSON file; "-" or nothing: standard input')
    .action((given?: string) =>
      answerWith(io, async (): Promise<Answer> => {
        const isFile =
          given === undefined ||
          given === '-' ||
          existsSync(resolve(io.cwd(), given)) ||
          /\.json$|[\\/]/i.test(given);
        const json = isFile ? await verifyJson(await readJson(io, given)) : verifyNumber(given);
        return { json, exit: json.verified ? EXIT.ok : EXIT.notVerified };
      }),
    );
}
