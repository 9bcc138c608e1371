import { cohortStatistics, type CohortRow } from '#domain';
import { Command } from 'commander';
import {
  answerWith,
  badInput,
  checkSchema,
  processIo,
  readJson,
  type CommandIo,
  type JsonInput,
} from '../json-io.js';

/** Input of `uplift cohort` (cohort-input.schema.json). */
export interface CohortInput {
  /** One row per enrolled site. `site` is a label of the caller's and must not occur twice. */
  readonly rows: readonly (CohortRow & { readonly site?: string })[];
}

/**
 * The statistics of one input: what `uplift cohort` prints (cohort-output.schema.json).
 * @throws DomainError with every problem of the input; `duplicate-site` when a site is counted twice
 */
export function cohortJson({ value }: JsonInput): object {
  const { rows } = checkSchema<CohortInput>('cohort-input', value);
  const first = new Map<string, number>();
  const twice = rows.flatMap(({ site }, i) => {
    if (site === undefined) return [];
    const at = first.get(site);
    if (at === undefined) first.set(site, i);
    return at === undefined
      ? []
      : [
          {
            field: `/rows/${i}/site`,
            message: `"${site}" stands in row ${at} already`,
            fix: 'Keep one row per site.',
          },
        ];
  });
  if (twice.length > 0) throw badInput('duplicate-site', 'A site is counted more than once.', twice);
  return { format: 'uplift.cohort/1', ...cohortStatistics(rows) };
}

/** `uplift cohort [FILE|-]`: gains of many sites together. Needs no database. */
export function cohortCommand(io: CommandIo = processIo): Command {
  return new Command('cohort')
    .description(
      'Statistics of a cohort of sites: JSON in (file or standard input), JSON out. Needs no database.',
    )
    .argument('[file]', 'input by cohort-input.schema.json; "-" or nothing: standard input')
    .action((file?: string) => answerWith(io, async () => ({ json: cohortJson(await readJson(io, file)) })));
}
