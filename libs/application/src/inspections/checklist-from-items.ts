import type { ChecklistVersion, Crosswalk, LineageEdge, LineageRelation, Requirement } from '#domain';
import type { ExceptionSink } from './exceptions.js';
import type { LoadedMapping } from './mapping.js';
import type { InspectionRecords } from './read-records.js';

/** An item of the source's list, or one that is cited without being on it. */
export interface Item {
  readonly code: string;
  /** Index of the edition; −1 when it belongs to none. */
  readonly edition: number;
  /** The requirement it became; null when it cannot be used (no edition, no price). */
  readonly requirement: Requirement | null;
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/;
/** Longest text a checklist takes. */
const MAX_TEXT = 2000;
/** The most a requirement may weigh (checklist.schema.json). */
const MOST_WEIGHT = 1_000_000;

/** Turns the rows of the item list into requirements; what cannot be used is an exception. */
export class ItemList {
  readonly items: Item[] = [];
  /** First item of a code; `next` leads to the same code in another edition. */
  private readonly first = new Map<string, number>();
  private readonly next: number[] = [];
  private readonly sections: Map<string, string>[];
  private readonly editionOf: Map<string, number>;
  private readonly priced: ReadonlySet<string> | null;

  constructor(
    private readonly mapping: LoadedMapping,
    private readonly records: InspectionRecords,
    private readonly except: ExceptionSink,
  ) {
    const { aggregation } = mapping.profile;
    this.priced =
      aggregation.kind === 'deduct-from-100' && aggregation.deduct.by === 'class'
        ? new Set(Object.keys(aggregation.deduct.points))
        : null;
    this.sections = mapping.checklist.editions.map(() => new Map<string, string>());
    this.editionOf = new Map(mapping.checklist.editions.map((e, i) => [e.value ?? e.version, i]));
    const { columns } = records.items;
    for (let row = 0; row < records.items.rows; row++) {
      const text = columns['edition']?.[row];
      const edition =
        text === undefined && mapping.checklist.editions.length === 1
          ? 0
          : (this.editionOf.get(text ?? '') ?? -1);
      const problem = (code: string, reason: string, column: string): void =>
        except({ table: records.items, row, column, inspectionId: null, code, reason });
      if (edition < 0)
        problem(
          'item-without-edition',
          `item ${columns['code']![row]!} has the edition "${text ?? ''}", which is not one of the checklist`,
          'edition',
        );
      const description = columns['description']![row]!.trim();
      if (description === '')
        problem(
          'item-without-description',
          `item ${columns['code']![row]!} has no text; its code stands for it`,
          'description',
        );
      this.add(
        columns['code']![row]!,
        edition,
        description,
        columns['section']?.[row],
        columns['weight']?.[row],
        columns['class']?.[row],
        true,
        problem,
      );
    }
  }

  /** Index of an item in an edition (or in any, when the edition is −1); −1 when it is not on the list there. */
  find(code: string, edition: number): number {
    for (let at = this.first.get(code) ?? -1; at >= 0; at = this.next[at]!) {
      if (edition < 0 || this.items[at]!.edition === edition) return at;
    }
    return -1;
  }

  /** Adds an item that is cited but not on the list. */
  addUnlisted(
    code: string,
    edition: number,
    weight: string | undefined,
    cls: string | undefined,
    usable: boolean,
  ): number {
    return this.add(code, usable ? edition : -1, '', undefined, weight, cls, false, () => undefined);
  }

  /** Adds the items the crosswalk names and the list lacks: a line that joins two items says that both exist. */
  addFromCrosswalk(): void {
    const table = this.records.crosswalk,
      spec = this.mapping.crosswalk;
    if (!table || !spec) return;
    for (const side of ['from', 'to'] as const) {
      const edition = this.mapping.checklist.editions.findIndex((e) => e.version === spec[side]);
      for (let row = 0; row < table.rows; row++) {
        for (const code of crosswalkCodes(table.columns[side]![row]!, spec.separator)) {
          if (this.find(code, edition) >= 0) continue;
          this.addUnlisted(code, edition, undefined, undefined, true);
          this.except({
            table,
            row,
            column: side,
            inspectionId: null,
            code: 'unlisted-item',
            reason: `item ${code} is not in ${this.records.items.file}; it was added because the crosswalk names it`,
          });
        }
      }
    }
  }

  versions(): ChecklistVersion[] {
    const { checklist, source } = this.mapping;
    return checklist.editions.map((edition, e) => {
      const requirements = this.items.flatMap((item) =>
        item.edition === e && item.requirement ? [item.requirement] : [],
      );
      const used = new Set(requirements.map((r) => r.section));
      return {
        format: 'uplift.checklist/1',
        checklist: checklist.code,
        version: edition.version,
        title: edition.title ?? checklist.title,
        ...(edition.note ? { description: edition.note } : {}),
        language: checklist.language,
        attribution: `${source.publisher}${source.via ? `, via ${source.via}` : ''}. Licence: ${source.licence}.`,
        levels: [checklist.level],
        sections: [...this.sections[e]!]
          .map(([title, code]) => ({ code, title }))
          .filter((s) => used.has(s.code)),
        requirements,
      };
    });
  }

  private add(
    code: string,
    edition: number,
    description: string,
    section: string | undefined,
    weightText: string | undefined,
    word: string | undefined,
    listed: boolean,
    problem: (code: string, reason: string, column: string) => void,
  ): number {
    const { items: rules, profile, checklist } = this.mapping;
    let requirement: Requirement | null = null;
    let cls: string | undefined;
    let usable = edition >= 0;
    if (rules?.class) {
      cls =
        (word ? rules.class.values[word] : undefined) ??
        rules.class.numbers?.find(({ from, to }) => Number(code) >= from && Number(code) <= to)?.class ??
        rules.class.other;
      if (listed && word && rules.class.values[word] === undefined) {
        problem(
          'unknown-class',
          `item ${code} has the class "${word}", which the mapping does not know; ${cls ? `taken as ${cls}` : 'the item has no class'}`,
          'class',
        );
      }
    } else if (word) cls = word;
    const weight = weightText ? Number(weightText) : undefined;
    if (!CODE.test(code)) {
      problem(
        'bad-item-code',
        `"${code}" cannot be the code of a requirement (letters, digits, . _ -, at most 60)`,
        'code',
      );
      usable = false;
    }
    if (weight !== undefined && !(weight >= 0 && weight <= MOST_WEIGHT)) {
      problem(
        'bad-weight',
        `item ${code} has the weight ${weight}; it must be from 0 to 1,000,000`,
        'weight',
      );
      usable = false;
    }
    const byWeight =
      profile.aggregation.kind === 'deduct-from-100' && profile.aggregation.deduct.by === 'weight';
    if (byWeight && weight === undefined) {
      problem(
        'item-without-price',
        `item ${code} has no weight, and the profile deducts by weight`,
        'weight',
      );
      usable = false;
    }
    if (this.priced && (cls === undefined || !this.priced.has(cls))) {
      problem(
        'item-without-price',
        `item ${code} has no class that profile ${profile.profile} prices`,
        'class',
      );
      usable = false;
    }
    if (usable) {
      const sections = this.sections[edition]!;
      const title = section?.trim() || 'Items';
      let sectionCode = sections.get(title);
      if (sectionCode === undefined) sections.set(title, (sectionCode = `S${sections.size + 1}`));
      requirement = {
        code,
        section: sectionCode,
        level: checklist.level.code,
        question: (
          description ||
          (listed
            ? `Item ${code} (the source gives no text)`
            : `Item ${code} (not on the item list of the source)`)
        ).slice(0, MAX_TEXT),
        criticality: (cls === undefined ? undefined : rules?.criticality?.[cls]) ?? 'minor',
        ...(weight === undefined ? {} : { weight }),
        ...(cls === undefined ? {} : { class: cls }),
        ...(listed ? {} : { tags: ['not-on-item-list'] }),
      };
    }
    const at = this.items.length;
    this.items.push({ code, edition, requirement });
    this.next.push(this.first.get(code) ?? -1);
    this.first.set(code, at);
    return at;
  }
}

/** The codes in a cell of the crosswalk. */
const crosswalkCodes = (text: string, separator: string | undefined): string[] =>
  text === '' ? [] : separator ? text.split(separator).map((c) => c.trim()) : [text];

/** Item lineage from the crosswalk file. Rows that share a code become one edge; items it leaves out are not comparable. */
export function crosswalkFrom(
  mapping: LoadedMapping,
  records: InspectionRecords,
  versions: readonly ChecklistVersion[],
  except: ExceptionSink,
): Crosswalk | undefined {
  const table = records.crosswalk,
    spec = mapping.crosswalk;
  if (!table || !spec) return undefined;
  const codesOf = (version: string): Set<string> =>
    new Set(versions.find((v) => v.version === version)!.requirements.map((r) => r.code));
  const known = { from: codesOf(spec.from), to: codesOf(spec.to) };
  type Draft = { relation: LineageRelation; from: Set<string>; to: Set<string>; comparable: boolean };
  const drafts = new Set<Draft>();
  const holder = { from: new Map<string, Draft>(), to: new Map<string, Draft>() };
  for (let row = 0; row < table.rows; row++) {
    const problem = (column: string, code: string, reason: string): void =>
      except({ table, row, column, inspectionId: null, code, reason });
    const word = table.columns['relation']![row]!;
    const relation = spec.relations[word];
    if (!relation) {
      problem(
        'relation',
        'unknown-relation',
        `the mapping does not know the relation "${word}"; the row is left out`,
      );
      continue;
    }
    const cell = (side: 'from' | 'to'): string[] => {
      return crosswalkCodes(table.columns[side]![row]!, spec.separator).filter((code) => {
        if (known[side].has(code)) return true;
        problem(
          side,
          'unknown-item',
          `the crosswalk names item ${code}, which edition ${spec[side]} does not have`,
        );
        return false;
      });
    };
    const from = cell('from'),
      to = cell('to');
    // A side that lost all its codes makes the row say something else than it did: its items stay without counterpart.
    const lost = (side: 'from' | 'to', codes: readonly string[]): boolean =>
      codes.length === 0 && table.columns[side]![row]! !== '';
    if (from.length + to.length === 0 || lost('from', from) || lost('to', to)) continue;
    const draft: Draft = {
      relation: relation.relation,
      from: new Set(from),
      to: new Set(to),
      comparable: relation.comparable && from.length > 0 && to.length > 0,
    };
    for (const [side, codes] of [
      ['from', from],
      ['to', to],
    ] as const) {
      for (const code of codes) {
        const other = holder[side].get(code);
        if (other && other !== draft) {
          for (const end of ['from', 'to'] as const) {
            for (const c of other[end]) {
              draft[end].add(c);
              holder[end].set(c, draft);
            }
          }
          draft.comparable &&= other.comparable;
          drafts.delete(other);
        }
        holder[side].set(code, draft);
      }
    }
    drafts.add(draft);
  }
  const edges: LineageEdge[] = [...drafts].map((d) => {
    // The shape of the edge decides what it may be called; a row's word stands where it fits.
    const relation: LineageRelation =
      d.to.size === 0
        ? 'dropped'
        : d.from.size === 0
          ? 'new'
          : d.from.size > 1
            ? 'merged'
            : d.to.size > 1
              ? 'split'
              : d.relation === 'dropped' ||
                  d.relation === 'new' ||
                  d.relation === 'merged' ||
                  d.relation === 'split'
                ? 'reworded'
                : d.relation;
    return { relation, from: [...d.from], to: [...d.to], comparable: d.comparable };
  });
  const note = 'Not in the crosswalk of the source.';
  for (const code of known.from)
    if (!holder.from.has(code))
      edges.push({ relation: 'dropped', from: [code], to: [], comparable: false, note });
  for (const code of known.to)
    if (!holder.to.has(code)) edges.push({ relation: 'new', from: [], to: [code], comparable: false, note });
  const version = (v: string): { checklist: string; version: string } => ({
    checklist: mapping.checklist.code,
    version: v,
  });
  return {
    format: 'uplift.crosswalk/1',
    from: version(spec.from),
    to: version(spec.to),
    status: spec.status,
    ...(spec.note ? { note: spec.note } : {}),
    edges,
  };
}
