/*
 * Comes first and is small: while the app itself is on its way it finds out who is here, and fetches the texts and the area
 * they start in. What fails here is asked for again by whoever needs it, and said there.
 */
import type { Me } from './api/session';
import { askEarly, askWhoIsHere } from './api/early';
import { areasOf, loadArea, readFirstOf } from './areas';
import './app.css';
import { loadTexts } from './i18n/texts';

async function begin(): Promise<void> {
  const response = await askWhoIsHere();
  if (!response.ok) return;
  const me = (await response.json()) as Me;
  const open = areasOf(me);
  const [, asked, page] = location.pathname.replace(/^\/app/, '').split('/');
  const id = open.find((each) => each === asked) ?? open[0];
  if (!id) return;
  if (!page && (!asked || asked === id)) quietly(readFirstOf(id, me, ask));
  await loadArea(id);
}

async function ask<T>(path: string): Promise<T | null> {
  const answer = await askEarly(path).catch(() => null);
  return answer?.ok ? ((await answer.json()) as T) : null;
}

const quietly = (work: Promise<unknown> | undefined): void => void work?.catch(() => undefined);
quietly(loadTexts('base'));
quietly(begin());
void import('./main');
