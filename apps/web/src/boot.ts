/*
 * Comes first and is small: while the app itself is on its way it finds out who is here, and fetches the texts and the area
 * they start in. What fails here is asked for again by whoever needs it, and said there.
 */
import type { Me } from './api/session';
import { askEarly } from './api/early';
import { areasOf, firstReads, loadArea } from './areas';
import './app.css';
import { loadTexts } from './i18n/texts';

async function begin(): Promise<void> {
  const response = await askEarly('/api/v1/me');
  if (!response.ok) return;
  const me = (await response.json()) as Me;
  const open = areasOf(me);
  const [, asked, page] = location.pathname.replace(/^\/app/, '').split('/');
  const id = open.find((each) => each === asked) ?? open[0];
  if (!id) return;
  if (!page && (!asked || asked === id)) firstReads(id, me).forEach((path) => quietly(askEarly(path)));
  await loadArea(id);
}

const quietly = (work: Promise<unknown>): void => void work.catch(() => undefined);
quietly(loadTexts('base'));
quietly(begin());
void import('./main');
