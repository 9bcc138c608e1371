/** What a folder of inspection records holds, looked at before any of it is sent. The server looks again. */

export const MB = 1024 * 1024;
/** All files together, as they are sent; the server takes no more. */
export const UPLOAD_LIMIT = 64 * MB;

/** The mappings that come with Uplift: name → text. */
const SHIPPED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>('../../../../../checklists/mappings/*.yaml', {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
  ).map(([path, text]) => [/([^/]+)\.yaml$/.exec(path)![1]!, text]),
);

/** Shipped mappings by name, with what the records are called. */
export const shippedMappings: readonly { readonly name: string; readonly title: string }[] = Object.entries(
  SHIPPED,
).map(([name, text]) => ({ name, title: /^title: (.+)$/m.exec(text)?.[1] ?? name }));

/** How records are to be read: by a shipped mapping, or by one of the folder's own. */
export type Mapping = { readonly name: string } | { readonly file: File };

/** `sites.csv.gz` and `sites.csv` are the same table. */
const stem = (name: string): string => name.replace(/\.csv(\.gz)?$/, '');
const isTable = (name: string): boolean => /\.csv(\.gz)?$/.test(name);
const isMapping = (name: string): boolean => /\.ya?ml$/.test(name);

/** One table of the mapping and the files that might be it: one is right, none is missing, two are one too many. */
export interface WantedTable {
  readonly name: string;
  readonly files: readonly File[];
}

/** A folder against its mapping. */
export interface Judged {
  readonly mapping: Mapping | null;
  /** Mappings of the folder's own; more than one can't be chosen from. */
  readonly mappings: readonly File[];
  /** Null: the mapping can't be read that far. */
  readonly tables: readonly WantedTable[] | null;
  /** Files that no mapping reads; they stay here. */
  readonly unused: readonly File[];
  readonly bytes: number;
  /** Whether it may be sent. */
  readonly whole: boolean;
}

/** Files of the folder itself: what lies in folders below it is something else. */
const atTop = ({ webkitRelativePath }: File): boolean => webkitRelativePath.split('/').length <= 2;

/** Names of the tables a mapping reads, or null where it doesn't say. */
async function tablesOf(text: string): Promise<string[] | null> {
  const { parse } = await import('yaml');
  try {
    const { files } = parse(text) as { files: Record<string, { file: string }> };
    const names = Object.values(files).map(({ file }) => stem(file));
    return names.length > 0 ? names : null;
  } catch {
    // Whatever is wrong with it, the server says with line and column.
    return null;
  }
}

/** Holds the chosen files against a shipped mapping (`shipped`), or against the folder's own where that is ''. */
export async function judge(chosen: readonly File[], shipped: string): Promise<Judged> {
  const files = chosen.filter(atTop);
  const mappings = files.filter(({ name }) => isMapping(name));
  const mapping: Mapping | null = shipped
    ? { name: shipped }
    : mappings.length === 1
      ? { file: mappings[0]! }
      : null;
  const text = !mapping ? null : 'name' in mapping ? SHIPPED[mapping.name]! : await mapping.file.text();
  const names = text === null ? null : await tablesOf(text);
  const given = files.filter(({ name }) => isTable(name));
  const tables =
    names?.map((name) => ({ name, files: given.filter((file) => stem(file.name) === name) })) ?? null;
  const used = new Set(tables?.flatMap((table) => table.files));
  if (mapping && 'file' in mapping) used.add(mapping.file);
  const sent = tables ? [...used] : given;
  const bytes = sent.reduce((sum, { size }) => sum + size, 0);
  return {
    mapping,
    mappings,
    tables,
    unused: tables ? files.filter((file) => !used.has(file)) : [],
    bytes,
    whole:
      mapping !== null &&
      bytes <= UPLOAD_LIMIT &&
      // A mapping that can't be read is sent, so that the server says where it is wrong.
      (tables === null || tables.every((table) => table.files.length === 1)),
  };
}

/** The form the API takes. */
export async function formOf(
  { mapping, tables }: Judged,
  { country, organisationId }: { readonly country: string; readonly organisationId: string },
): Promise<FormData> {
  const form = new FormData();
  if (mapping) {
    if ('name' in mapping) form.set('mappingName', mapping.name);
    else form.set('mapping', await mapping.file.text());
  }
  form.set('country', country);
  form.set('organisationId', organisationId);
  for (const { files } of tables ?? []) for (const file of files) form.append('files', file, file.name);
  return form;
}
