/**
 * What every operation answers, from the TypeScript sources: the awaited return type of its controller's method as JSON
 * carries it, in JSON Schema 2020-12. Types that have a name become components, with their comments. Generators of
 * schemas from types take named types only, and name what they infer by chance; a controller's answers are inferred.
 */
import { resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');
/** Answers that are no JSON: their operations say what they are. */
const NOT_JSON = new Set(['StreamableFile', 'Buffer']);
const { Any, Unknown, StringLike, NumberLike, BooleanLike, Null, Undefined, Void, Never } = ts.TypeFlags;

/**
 * @param {Iterable<string>} operationIds as @nestjs/swagger makes them: `Controller_method`
 * @returns `schemas` by name, and `answers` by operation id, of those that send JSON
 */
export function answersOf(operationIds) {
  const asked = new Set(operationIds);
  const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(
    resolve(root, 'scripts/tsconfig.build.json'),
    {},
    ts.sys,
  );
  const program = ts.createProgram(
    fileNames.filter((file) => file.includes('/apps/api/')),
    options,
  );
  const checker = program.getTypeChecker();
  const schemas = new Schemas(program, checker);
  const answers = {};
  for (const file of program.getSourceFiles().filter(({ fileName }) => fileName.endsWith('.controller.ts'))) {
    for (const controller of file.statements.filter(ts.isClassDeclaration)) {
      for (const method of controller.members.filter(ts.isMethodDeclaration)) {
        const id = `${controller.name?.text}_${method.name.getText()}`;
        if (!asked.delete(id)) continue;
        const returned = checker.getReturnTypeOfSignature(checker.getSignatureFromDeclaration(method));
        const json = schemas.ofAnswer(checker.getAwaitedType(returned) ?? returned, id);
        if (json) answers[id] = json;
      }
    }
  }
  const faults = [...schemas.faults, ...[...asked].map((id) => `${id}: no controller has it`)];
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return { schemas: byName(schemas.named), answers: byName(answers) };
}

const byName = (record) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
const text = (parts) => ts.displayPartsToString(parts).trim();

class Schemas {
  named = {};
  types = new Map();
  faults = [];

  constructor(program, checker) {
    this.program = program;
    this.checker = checker;
  }

  fault(message) {
    this.faults.push(message);
    return {};
  }

  /** The JSON among what a method may return; undefined when it returns none. */
  ofAnswer(type, where) {
    const sent = (type.isUnion() ? type.types : [type]).filter(
      (each) => !(each.flags & (Undefined | Void | Never)) && !NOT_JSON.has(each.symbol?.name),
    );
    if (sent.length === 0) return undefined;
    return sent.length === (type.types?.length ?? 1) ? this.of(type, where) : this.union(sent, where);
  }

  of(type, where) {
    const name = this.nameOf(type);
    if (!name) return this.written(type, where);
    const known = this.types.get(name);
    if (known === undefined) {
      this.types.set(name, type);
      this.named[name] = {}; // it may contain itself
      const symbol = type.aliasSymbol ?? type.symbol;
      this.named[name] = this.described(symbol, this.written(type, name));
    } else if (known !== type)
      return this.fault(`${where}: two types are called ${name}; rename one of them`);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** A type of our own sources has its name; one with arguments has theirs too, like `PageOfSiteRow`. */
  nameOf(type) {
    const symbol = type.aliasSymbol ?? type.symbol;
    if (!symbol || symbol.name.startsWith('__')) return undefined;
    const file = symbol.declarations?.[0]?.getSourceFile();
    if (!file || /\/node_modules\//.test(file.fileName)) return undefined;
    const args = type.aliasSymbol ? type.aliasTypeArguments : this.checker.getTypeArguments(type);
    const names = (args ?? []).map((each) => this.nameOf(each));
    if (names.includes(undefined)) return undefined;
    return symbol.name + (names.length > 0 ? `Of${names.join('And')}` : '');
  }

  written(type, where) {
    const { checker } = this;
    if (type.flags & Any) return this.fault(`${where}: any; say what it is`);
    if (type.flags & Unknown) return {};
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & StringLike) return { type: 'string' };
    if (type.flags & NumberLike) return { type: 'number' };
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === 'true' };
    if (type.flags & BooleanLike) return { type: 'boolean' };
    if (type.flags & Null) return { type: 'null' };
    if (type.symbol?.name === 'Date') return { type: 'string', format: 'date-time' };
    if (type.isUnion()) return this.union(type.types, where, type);
    // `string & {}` and the like are what they are of.
    const plain = type.isIntersection() && type.types.find(({ flags }) => flags & (StringLike | NumberLike));
    if (plain) return this.of(plain, where);
    if (checker.isTupleType(type)) {
      const items = checker.getTypeArguments(type).map((each, i) => this.of(each, `${where}/${i}`));
      return items.length === 0
        ? { type: 'array', maxItems: 0 }
        : { type: 'array', prefixItems: items, minItems: items.length, items: false };
    }
    if (checker.isArrayType(type))
      return { type: 'array', items: this.of(checker.getTypeArguments(type)[0], `${where}/[]`) };
    if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.object(type, where);
    return this.fault(`${where}: ${checker.typeToString(type)} does not go into JSON`);
  }

  union(types, where, whole) {
    if (whole && types.some(({ flags }) => flags & (Null | Undefined))) {
      const rest = this.checker.getNonNullableType(whole);
      const schema = rest.flags & Never ? undefined : this.of(rest, where);
      if (!types.some(({ flags }) => flags & Null)) return schema;
      if (typeof schema?.type === 'string' && !schema.enum) return { ...schema, type: [schema.type, 'null'] };
      return { anyOf: [...(schema?.anyOf ?? [schema]), { type: 'null' }] };
    }
    const parts = types.map((each) => this.of(each, where));
    const constants = parts.flatMap((part) => ('const' in part ? [part.const] : []));
    const values = ['string', 'number', 'boolean'].flatMap((type) => {
      const all = constants.filter((each) => typeof each === type).sort();
      if (all.length === 0) return [];
      if (type === 'boolean' && all.length === 2) return [{ type }];
      return [all.length === 1 ? { const: all[0] } : { type, enum: all }];
    });
    const rest = parts
      .filter((part) => !('const' in part))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    const all = [...values, ...rest];
    return all.length === 1 ? all[0] : { anyOf: all };
  }

  object(type, where) {
    const { checker } = this;
    const properties = {};
    const required = [];
    for (const property of checker.getPropertiesOfType(type)) {
      const of = checker.getTypeOfSymbol(property);
      if (checker.getSignaturesOfType(of, ts.SignatureKind.Call).length > 0)
        this.fault(`${where}/${property.name}: a function does not go into JSON`);
      if (of.flags & Undefined) continue;
      properties[property.name] = this.described(property, this.of(of, `${where}/${property.name}`));
      const optional = property.flags & ts.SymbolFlags.Optional;
      if (!optional && !(of.isUnion() && of.types.some(({ flags }) => flags & Undefined)))
        required.push(property.name);
    }
    const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
    return {
      type: 'object',
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
      additionalProperties: index ? this.of(index.type, `${where}/*`) : false,
    };
  }

  described(symbol, schema) {
    const description = text(symbol.getDocumentationComment(this.checker)).replace(/\s*\n\s*/g, ' ');
    return description ? { description, ...schema } : schema;
  }
}
