/** Vite plugin of the web app: tells the service worker which files there are, and what each part of the app needs. */

/** The part of the app that a chunk is the way in to: an area, or a language's texts. */
function partOf({ facadeModuleId, isEntry, name }) {
  if (isEntry) return name === 'sw' ? undefined : 'shell';
  const area = /\/src\/areas\/([a-z]+)\/index\.tsx$/.exec(facadeModuleId ?? '')?.[1];
  const texts = /^\0virtual:messages\/(.+)$/.exec(facadeModuleId ?? '')?.[1];
  return area ? `areas/${area}` : texts ? `texts/${texts}` : undefined;
}

/** Files that a chunk can't do without: itself, what it imports at once, and their styles. */
function needs(bundle, file, found = new Set()) {
  const chunk = bundle[file];
  if (found.has(file) || chunk?.type !== 'chunk') return found;
  found.add(file);
  chunk.imports.forEach((each) => needs(bundle, each, found));
  chunk.viteMetadata?.importedCss?.forEach((each) => found.add(each));
  return found;
}

/** The app behind its small first file. */
const mainOf = (bundle) =>
  Object.values(bundle).find(({ moduleIds }) => moduleIds?.some((id) => id.endsWith('/src/main.tsx')))
    .fileName;

/** Where people sign in: in the first files of nobody who has, and kept for when a session runs out. */
const entranceOf = (bundle) =>
  Object.values(bundle).find(({ facadeModuleId }) => facadeModuleId?.endsWith('/src/shell/entrance.tsx'))
    .fileName;

/** Has the browser fetch the app's code at once, beside the small first file that asks who is here. */
export function preloadPlugin() {
  return {
    name: 'uplift-preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const files = [...needs(bundle, mainOf(bundle))].filter(
          (file) => file.endsWith('.js') && !html.includes(file),
        );
        return files.map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/app/${file}` },
          injectTo: 'head',
        }));
      },
    },
  };
}

/**
 * part → files. An area's own pages that are loaded later belong to it: who goes offline may open any of them. Without
 * `later`: what its first page takes.
 */
export function partsOf(bundle, later = true) {
  const parts = {};
  for (const chunk of Object.values(bundle)) {
    const part = chunk.type === 'chunk' && partOf(chunk);
    if (!part) continue;
    const files = needs(bundle, chunk.fileName);
    if (part === 'shell') {
      needs(bundle, mainOf(bundle), files);
      if (later) needs(bundle, entranceOf(bundle), files);
    }
    // A set can be gone through while it grows: what is loaded later may load something later, too.
    if (later && part.startsWith('areas/'))
      for (const file of files)
        for (const each of bundle[file]?.dynamicImports ?? [])
          if (!/virtual:messages|\/echarts\//.test(bundle[each]?.facadeModuleId ?? ''))
            needs(bundle, each, files);
    parts[part] = files;
  }
  const { shell = new Set() } = parts;
  return Object.fromEntries(
    Object.entries(parts)
      .map(([part, files]) => [
        part,
        [...files].filter((file) => part === 'shell' || !shell.has(file)).sort(),
      ])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

export function serviceWorkerPlugin() {
  return {
    name: 'uplift-service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const parts = partsOf(bundle);
        const worker = bundle['sw.js'];
        if (!worker) this.error('The service worker is missing.');
        worker.code = worker.code.replace('__PARTS__', () => JSON.stringify(parts));
        const first = JSON.stringify(partsOf(bundle, false), null, 1);
        this.emitFile({ type: 'asset', fileName: 'first.json', source: first });
      },
    },
  };
}
