import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { queryClient } from './api/hooks';
import { I18nProvider, loadTexts } from './i18n';
import { Frame } from './shell/frame';
import { applyTheme } from './shell/theme';
import { startServiceWorker } from './shell/updates';

applyTheme();
await loadTexts('base');
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
