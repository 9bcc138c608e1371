import { score, type ScoreView } from '#domain';
import { Command } from 'commander';
import {
  answerWith,
  checkSchema,
  ContentSources,
  processIo,
  readJson,
  readyAssessment,
  Refusals,
  type AssessmentSource,
  type CommandIo,
  type JsonInput,
} from '../json-io.js';

/** Input of `uplift score` (score-input.schema.json). */
export interface ScoreInput extends AssessmentSource {
  /** Default `as-found`. */
  readonly view?: ScoreView;
}

/**
 * Scores one input: what `uplift score` prints (score-output.schema.json).
 * @throws DomainError with every problem of the input
 */
export function scoreJson({ value, folder }: JsonInput): object {
  const input = checkSchema<ScoreInput>('score-input', value);
  const refusals = new Refusals();
  const ready = readyAssessment(input, new ContentSources(folder), refusals);
  refusals.throwIfAny();
  const { checklist, profile, level, responses } = ready!;
  return {
    format: 'uplift.score/1',
    checklist: { checklist: checklist.checklist, version: checklist.version },
    ...score(checklist, level, profile, responses, input.view ?? 'as-found'),
  };
}

/** `uplift score [FILE|-]`: responses in, a result explained item by item out. Needs no database. */
export function scoreCommand(io: CommandIo = processIo): Command {
  return new Command('score')
    .description('Score one assessment: JSON in (file or standard input), JSON out. Needs no database.')
    .argument('[file]', 'input by score-input.schema.json; "-" or nothing: standard input')
    .action((file?: string) => answerWith(io, async () => ({ json: scoreJson(await readJson(io, file)) })));
}
