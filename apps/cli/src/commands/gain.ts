import { computeGain, isLocalDate, type AssessedForGain, type AssessmentKind } from '#domain';
import { Command } from 'commander';
import {
  answerWith,
  badInput,
  checkSchema,
  ContentSources,
  processIo,
  readJson,
  readyAssessment,
  readyCrosswalk,
  Refusals,
  type AssessmentSource,
  type CommandIo,
  type CrosswalkSource,
  type JsonInput,
} from '../json-io.js';

/** One side of the input of `uplift gain`. */
export interface GainSideInput extends AssessmentSource {
  readonly date: string;
  /** Default `baseline` and `follow-up`. */
  readonly assessmentId?: string;
  readonly kind?: AssessmentKind;
  readonly assessorId?: string;
  readonly coachedByAssessor?: boolean;
}

/** Input of `uplift gain` (gain-input.schema.json). */
export interface GainInput {
  readonly baseline: GainSideInput;
  readonly followUp: GainSideInput;
  /** Needed when the two sides have different checklist versions. */
  readonly crosswalk?: CrosswalkSource;
}

/**
 * The gain of one input: what `uplift gain` prints (gain-output.schema.json). A refused gain is an answer too.
 * @throws DomainError with every problem of the input
 */
export function gainJson({ value, folder }: JsonInput): object {
  const input = checkSchema<GainInput>('gain-input', value);
  const refusals = new Refusals();
  const sources = new ContentSources(folder);
  const side = (name: 'baseline' | 'followUp', kind: AssessmentKind): AssessedForGain | undefined => {
    const given = input[name];
    refusals.try(`/${name}`, () => mustBeDay(given.date));
    const ready = readyAssessment(given, sources, refusals, `/${name}`);
    const { date, assessorId, coachedByAssessor } = given;
    return (
      ready && {
        assessmentId: given.assessmentId ?? kind,
        kind: given.kind ?? kind,
        date,
        ...ready,
        assessorId,
        coachedByAssessor,
      }
    );
  };
  const baseline = side('baseline', 'baseline');
  const followUp = side('followUp', 'follow-up');
  const versions = baseline && followUp && ([baseline.checklist, followUp.checklist] as const);
  const crosswalk = input.crosswalk && readyCrosswalk(input.crosswalk, sources, refusals, versions);
  refusals.throwIfAny();
  return { format: 'uplift.gain/1', ...computeGain(baseline!, followUp!, crosswalk) };
}

function mustBeDay(date: string): void {
  if (isLocalDate(date)) return;
  throw badInput('impossible-date', `"${date}" is not a day of the calendar.`, [
    { field: '/date', message: `"${date}" is not a day`, fix: 'Write a day that exists as YYYY-MM-DD.' },
  ]);
}

/** `uplift gain [FILE|-]`: what changed between two assessments of one site, and why. Needs no database. */
export function gainCommand(io: CommandIo = processIo): Command {
  return new Command('gain')
    .description(
      'Gain between two assessments of one site: JSON in (file or standard input), JSON out. Needs no database.',
    )
    .argument('[file]', 'input by gain-input.schema.json; "-" or nothing: standard input')
    .action((file?: string) => answerWith(io, async () => ({ json: gainJson(await readJson(io, file)) })));
}
