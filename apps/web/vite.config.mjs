import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messagesPlugin } from '../../scripts/web-messages.mjs';
import { preloadPlugin, serviceWorkerPlugin } from '../../scripts/web-plugins.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
/** The API that `npm run dev:web` sends requests on to. */
const api = process.env.UPLIFT_API ?? 'http://127.0.0.1:3000';

export default {
  root: here,
  base: '/app/',
  plugins: [react(), tailwind(), messagesPlugin(), preloadPlugin(), serviceWorkerPlugin()],
  resolve: {
    alias: {
      // Messages are parsed when the app is built.
      '@formatjs/icu-messageformat-parser': '@formatjs/icu-messageformat-parser/no-parser.js',
      '#web': join(here, 'src'),
      // Rules that run on the device as they do on the server.
      '#domain/sync': join(here, '../../libs/domain/src/sync/index.ts'),
      '#domain': join(here, '../../libs/domain/src'),
    },
  },
  build: {
    outDir: join(here, '../../dist/apps/web'),
    emptyOutDir: true,
    target: 'es2022',
    // The security policy allows no data: fonts and no inline anything.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: join(here, 'index.html'), sw: join(here, 'src/sw.ts') },
      output: {
        // The service worker's address must never change.
        entryFileNames: ({ name }) => (name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // What every first load takes comes in two files: on a slow line each file costs a round trip, and few go at once.
        codeSplitting: {
          groups: [
            {
              name: 'boot',
              test: /\/src\/(api\/early|areas\/(index|supplier\/first)|i18n\/(locale|texts)|shell\/going)\.ts$|virtual:messages$/,
              priority: 2,
            },
            {
              name: 'app',
              test: /\/src\/(main\.tsx|(api|i18n)\/|shell\/(frame|navigation|outside|pickers|theme|updates)\.|ui\/(basics|classes|dialog|form|icons|states|toast)\.)|\/node_modules\/(react|react-dom|scheduler|wouter|regexparam|use-sync-external-store|@tanstack\/(react-query|query-core)|openapi-fetch|intl-messageformat|@formatjs)\//,
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/api', '/verify', '/shared', '/openapi.json', '/.well-known'].map((path) => [
        path,
        {
          target: api,
          changeOrigin: false,
          // The API takes changes by cookie from its own address alone.
          headers: { origin: process.env.BASE_URL ?? 'http://127.0.0.1:3000' },
        },
      ]),
    ),
  },
};
