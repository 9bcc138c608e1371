import loaders from 'virtual:messages';
import type { MessageArea } from '#web/generated/messages';
import { currentLocale, type ShownLocale } from './locale';

type Compiled = Readonly<Record<string, string | unknown[]>>;
type LoadedArea = Exclude<MessageArea, 'common' | 'shell'> | 'base';

/** locale/area → texts, as far as they are loaded. */
const loaded = new Map<string, Compiled>();
const wanted = new Set<LoadedArea>();

async function load(locale: ShownLocale, area: LoadedArea): Promise<void> {
  const name = `${locale}/${area}`;
  if (!loaded.has(name)) loaded.set(name, (await loaders[name]!()).default);
}

/** Loads an area's texts in the language of the moment; those of other languages come when one is chosen. */
export async function loadTexts(area: LoadedArea): Promise<void> {
  wanted.add(area);
  await load(currentLocale(), area);
}

/** Loads in another language everything that was loaded in this one. */
export const loadWanted = (locale: ShownLocale): Promise<unknown> =>
  Promise.all([...wanted].map((area) => load(locale, area)));

/** A text as the build has parsed it; areas without texts of their own are in `base`. */
export const textOf = (locale: ShownLocale, key: string): string | unknown[] | undefined =>
  (loaded.get(`${locale}/${key.slice(0, key.indexOf('.'))}`) ?? loaded.get(`${locale}/base`))?.[key];
