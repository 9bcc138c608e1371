import { DomainError, type FieldProblem } from '#domain';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder `checklists/` of the product, found from wherever the code runs (sources or dist). */
export function contentRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'checklists', 'schemas'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('The folder checklists/ is missing beside the product.');
    folder = parent;
  }
  return join(folder, 'checklists');
}

let ajv: Ajv2020 | undefined;

/**
 * The validator of a published schema, compiled at its first use: `checklist` is that of
 * `checklists/schemas/checklist.schema.json`, `verify-input#/$defs/both` that of a definition inside one.
 */
export function schemaValidator(name: string): ValidateFunction {
  if (!ajv) {
    ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, validateFormats: false });
    const folder = join(contentRoot(), 'schemas');
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.schema.json')))
      ajv.addSchema(
        JSON.parse(readFileSync(join(folder, file), 'utf8')) as object,
        file.slice(0, -'.schema.json'.length),
      );
  }
  const [file, place] = name.split('#');
  const whole = ajv.getSchema(file!);
  const found = whole && place ? ajv.getSchema(`${(whole.schema as { $id: string }).$id}#${place}`) : whole;
  if (!found) throw new Error(`There is no published schema "${name}".`);
  return found;
}

/** What keeps a value from following a published schema; empty when it does. Each problem says how to mend it. */
export function schemaProblems(name: string, value: unknown): FieldProblem[] {
  const validate = schemaValidator(name);
  if (validate(value)) return [];
  const seen = new Set<string>();
  return (
    meant(validate.errors ?? [])
      // "if" only repeats what the errors inside it say.
      .filter((error) => error.keyword !== 'if')
      .map(problemOf)
      .filter(({ field, message }) => {
        const key = `${field} ${message}`;
        return !seen.has(key) && seen.add(key);
      })
  );
}

/**
 * Lets a value pass only if it follows a published schema.
 * @throws DomainError with `code`, `message` and every problem, at most 200
 */
export function mustFollow<T>(name: string, value: unknown, code: string, message: string): T {
  const problems = schemaProblems(name, value);
  if (problems.length > 0)
    throw new DomainError(
      code,
      message,
      problems.slice(0, 200).map((problem) => ({ ...problem, field: problem.field || '/' })),
    );
  return value as T;
}

/**
 * Of a choice ("oneOf") between kinds that a property tells apart, such as `kind` of an aggregation, only what is wrong
 * with the kind that was written, instead of what every other kind would have asked for. Of a kind that is none, the list
 * of those there are.
 */
function meant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let left = errors;
  for (const choice of errors.filter((error) => error.keyword === 'oneOf')) {
    const within = `${choice.schemaPath}/`;
    const branchOf = (error: ErrorObject) =>
      error.schemaPath.startsWith(within) ? error.schemaPath.slice(within.length).split('/')[0]! : undefined;
    const wrongWords = left.filter(
      (error) =>
        branchOf(error) !== undefined &&
        ['const', 'enum'].includes(error.keyword) &&
        error.instancePath.slice(0, error.instancePath.lastIndexOf('/')) === choice.instancePath,
    );
    const told = wrongWords.find((error) => error.keyword === 'const')?.instancePath;
    if (told === undefined) continue;
    const words = wrongWords.filter((error) => error.instancePath === told);
    const others = new Set(words.map(branchOf));
    const stays = left.filter(
      (error) =>
        error !== choice &&
        !(others.has(branchOf(error)) && error.instancePath.startsWith(choice.instancePath)),
    );
    left =
      others.size < (choice.schema as readonly unknown[]).length
        ? stays
        : [
            ...stays,
            {
              ...words[0]!,
              keyword: 'enum',
              message: 'is none of those there are',
              params: {
                allowedValues: words.flatMap(({ params }) => params.allowedValue ?? params.allowedValues),
              },
            },
          ];
  }
  return left;
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

function problemOf(error: ErrorObject): FieldProblem {
  const { instancePath: at, keyword, params, message = 'is not right' } = error;
  switch (keyword) {
    case 'required':
      return {
        field: `${at}/${escapePointer(params.missingProperty)}`,
        message: 'is missing',
        fix: `Add "${params.missingProperty}".`,
      };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty);
      return {
        field: `${at}/${escapePointer(name)}`,
        message: 'is not known here',
        fix: `Take "${name}" out, or correct its name.`,
      };
    }
    case 'minLength':
      if (params.limit === 1) return { field: at, message: 'is empty', fix: 'Write its text.' };
      return { field: at, message: 'too short or too long', fix: `Use ${params.limit} characters or more.` };
    case 'maxLength':
      return { field: at, message: 'too short or too long', fix: `Use ${params.limit} characters at most.` };
    case 'enum':
      return {
        field: at,
        message: 'is none of those there are',
        fix: `Use one of: ${(params.allowedValues as unknown[]).join(', ')}.`,
      };
    case 'const':
      return { field: at, message: 'does not fit', fix: `Write ${JSON.stringify(params.allowedValue)}.` };
    case 'type':
      return {
        field: at,
        message: 'does not fit',
        fix: `Give a value of type ${[params.type].flat().join(' or ')}.`,
      };
    case 'pattern':
      return { field: at, message: 'does not match', fix: `Write it in the shape ${params.pattern}.` };
    default:
      return { field: at, message, fix: `See ${keyword} in the schema.` };
  }
}
