import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { queryClient } from './api/hooks';
import { findWhoIsHere } from './api/session';
import { I18nProvider, loadTexts } from './i18n';
import { Frame } from './shell/frame';
import { applyTheme } from './shell/theme';
import { startServiceWorker } from './shell/updates';

/** Longer than this what is still missing is waited for on the page itself. */
const PATIENCE_MS = 1_000;

/**
 * Draws the app, once, with everything its first page needs, when that comes soon: on a slow phone each drawing costs more
 * than waiting a moment, and nothing moves about. `begun`: what was asked for while this code was on its way.
 */
export async function start(begun: Promise<unknown>): Promise<void> {
  applyTheme();
  await loadTexts('base');
  await Promise.race([
    Promise.all([begun, findWhoIsHere()]),
    new Promise((late) => setTimeout(late, PATIENCE_MS)),
  ]);
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <I18nProvider>
        <QueryClientProvider client={queryClient}>
          <Router base="/app">
            <Frame />
          </Router>
        </QueryClientProvider>
      </I18nProvider>
    </StrictMode>,
  );
  void startServiceWorker();
}
