/*
 * Comes first and is small: while the app itself is on its way it finds out who is here, and fetches the texts and the area
 * they start in. What fails here is asked for again by whoever needs it, and said there.
 */
import type { Me } from './api/session';
import { askEarly, askWhoIsHere } from './api/early';
import { areasOf, loadArea, readFirstOf } from './areas';
import './app.css';
import { loadTexts } from './i18n/texts';
import { goingOf } from './shell/going';

async function begin(): Promise<void> {
  const me = await askWhoIsHere<Me>();
  if (!me) return void (await import('./shell/entrance'));
  const open = areasOf(me);
  const [, asked, page] = location.pathname.replace(/^\/app/, '').split('/');
  const id = open.find((each) => each === asked) ?? open[0];
  if (!id) return;
  // Whoever starts at the app's own address, and was going nowhere else, starts in their area without a page in between.
  if (!asked && !goingOf(me.email)) history.replaceState(null, '', `/app/${id}${location.search}`);
  const ask = <T>(path: string): Promise<T | null> => askEarly<T>(path).catch(() => null);
  const first = !page && (!asked || asked === id) ? readFirstOf(id, me, ask) : undefined;
  await Promise.all([loadArea(id), first]);
}

const begun = begin().catch(() => undefined);
loadTexts('base').catch(() => undefined);
void import('./main').then(({ start }) => start(begun));
