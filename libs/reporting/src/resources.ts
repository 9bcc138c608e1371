import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Folder of this product: the nearest one above this file whose package.json is named "uplift". The same walk
 * works from the sources (libs/reporting/src) and from the build (dist/libs/reporting/src).
 */
export function packageRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'uplift'
    ) {
      return folder;
    }
    if (dirname(folder) === folder) throw new Error(`no package.json named "uplift" above ${from}`);
  }
}

/** Folder of the templates, for HTML (*.hbs) and PDF (*.typ). */
export function templatesFolder(): string {
  return join(packageRoot(), 'libs/reporting/templates');
}

export function template(name: string): string {
  return readFileSync(join(templatesFolder(), name), 'utf8');
}

/** The fonts of every PDF, from npm packages: a server's own fonts are never relied on. */
export function fontFiles(): string[] {
  const fonts = join(packageRoot(), 'node_modules/@expo-google-fonts');
  return ['400Regular', '600SemiBold', '700Bold'].flatMap((weight) => [
    join(fonts, `noto-sans/${weight}/NotoSans_${weight}.ttf`),
    join(fonts, `noto-sans-arabic/${weight}/NotoSansArabic_${weight}.ttf`),
  ]);
}
