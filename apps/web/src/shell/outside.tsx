import type { ReactNode } from 'react';
import { useI18n } from '#web/i18n';
import { PageHeader } from '#web/ui/basics';
import { ProblemBox } from '#web/ui/states';
import { LanguagePicker, ThemePicker } from './pickers';

/** Pages for those who aren't signed in: one narrow panel, with the language to choose. */
export function Outside({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  return (
    <main id="main" className="mx-auto grid max-w-md gap-4 p-4 pt-8">
      <p className="flex items-center gap-2 text-lg font-bold text-brand">
        <img src="/app/icon.svg" alt="" width="32" height="32" className="rounded-lg" />
        Uplift
      </p>
      <div className="rounded-xl border border-line bg-panel p-5">
        <PageHeader title={title} lead={lead} />
        {children}
      </div>
      <div className="grid grid-cols-2 gap-3">
        <LanguagePicker />
        <ThemePicker />
      </div>
    </main>
  );
}

/** The product doesn't answer, and nobody was here before. */
export function UnreachablePage({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useI18n();
  return (
    <Outside title={t('shell.unreachable')}>
      <ProblemBox error={error} retry={retry} />
    </Outside>
  );
}
