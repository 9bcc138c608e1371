import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiProblem, NoConnection } from '#web/api/client';
import { isGrowing } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import type { Texts } from '#web/generated/messages';
import { Button, PageHeader, Skeleton } from './basics';
import { Icon, type IconName } from './icons';

/** Codes whose meaning we say in every language; of the others the API's own sentence is shown. */
const TRANSLATED = [
  'sign-in-required',
  'second-factor-required',
  'forbidden',
  'not-found',
  'stale-revision',
  'too-many-requests',
  'internal-error',
  'invalid-request',
  'body-too-large',
  'foreign-origin',
  'invalid-email-or-password',
  'invalid-code',
  'invalid-two-factor-cookie',
  'email-not-verified',
  'invalid-token',
  'invitation-unknown',
  'invitation-used',
  'invitation-expired',
  'password-unusable',
  'provider-unreachable',
] as const;

function Box({
  icon,
  title,
  children,
  alert,
}: {
  icon: IconName;
  title: ReactNode;
  children?: ReactNode;
  alert?: boolean;
}) {
  return (
    <div
      role={alert ? 'alert' : undefined}
      className="my-3 flex gap-3 rounded-xl border border-line bg-panel p-4 text-start"
    >
      <span className={alert ? 'text-critical' : 'text-soft'}>
        <Icon name={icon} size={24} />
      </span>
      <div className="min-w-0">
        <p className="font-semibold">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** Says in which language a checklist's texts are where that isn't the reader's. */
export function ContentLanguage({ of }: { of: string | undefined }) {
  const { t, locale, language } = useI18n();
  if (of === undefined || of === locale || locale === 'en-XA') return null;
  return <p className="mb-3 text-soft">{t('common.contentIn', { language: language(of) })}</p>;
}

/** There is nothing (yet); says what to do about it. */
export function EmptyState({
  title,
  children,
  icon = 'info',
}: {
  title: string;
  children?: ReactNode;
  icon?: IconName;
}) {
  return (
    <Box icon={icon} title={title}>
      {children && <div className="mt-1 max-w-prose text-soft">{children}</div>}
    </Box>
  );
}

/**
 * What went wrong, whatever it is: no connection, a refusal of the API with what to do (its `fix`es) and its code for whoever
 * is asked for help, or a fault of ours. `retry` offers to try again.
 */
export function ProblemBox({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const { t } = useI18n();
  const again = retry && (
    <Button className="mt-3" onClick={retry}>
      {t('common.tryAgain')}
    </Button>
  );
  if (error instanceof NoConnection)
    return (
      <Box icon="offline" title={t('common.noConnection')} alert>
        <p className="mt-1 text-soft">{t('common.noConnectionFix')}</p>
        {again}
      </Box>
    );
  if (error instanceof DOMException && error.name === 'QuotaExceededError')
    return (
      <Box icon="device" title={t('common.storageFull')} alert>
        <p className="mt-1 text-soft">{t('common.storageFullFix')}</p>
        {again}
      </Box>
    );
  if (!(error instanceof ApiProblem))
    return (
      <Box icon="critical" title={t('common.fault')} alert>
        <p className="mt-1 text-soft">{t('common.faultFix')}</p>
        {again}
      </Box>
    );
  const { problem } = error;
  const known = TRANSLATED.find((code) => code === problem.code);
  const fixes = (problem.errors ?? []).filter(({ fix, message }) => fix ?? message);
  return (
    <Box
      icon="critical"
      title={known ? t(`common.problem.${known}`) : <span lang={problem.lang}>{problem.title}</span>}
      alert
    >
      {known && hasFix(known) && <p className="mt-1 text-soft">{t(`common.problem.${known}.fix`)}</p>}
      {!known && fixes.length > 0 && (
        <ul lang={problem.lang} className="mt-1 list-disc ps-5 text-soft">
          {fixes.map(({ field, message, fix }) => (
            <li key={`${field} ${message}`} dir="auto">
              {fix ?? `${field}: ${message}`}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-1 text-sm text-soft">
        {t('common.problemCode')} <code dir="ltr">{problem.code}</code>
      </p>
      {again}
    </Box>
  );
}

type Fixed =
  Extract<keyof Texts, `common.problem.${string}.fix`> extends `common.problem.${infer Code}.fix`
    ? Code
    : never;
const FIXED: readonly Fixed[] = [
  'forbidden',
  'not-found',
  'invalid-request',
  'stale-revision',
  'too-many-requests',
  'internal-error',
  'foreign-origin',
  'invalid-email-or-password',
  'invalid-code',
  'email-not-verified',
  'invalid-token',
  'invitation-unknown',
  'invitation-expired',
  'password-unusable',
];
const hasFix = (code: string): code is Fixed => FIXED.includes(code as Fixed);

/**
 * Shows what `useRead` and `useAll` read: bars while it loads, how much there is of a list that grows, the problem when it fails (with what was there before, if anything), and
 * `empty` when there is nothing.
 */
export function Loaded<T>({
  query,
  also = [],
  empty,
  isEmpty = (data) => Array.isArray(data) && data.length === 0,
  rows,
  back,
  children,
}: {
  query: UseQueryResult<T>;
  /** What else has to be there, or to have failed, before anything is drawn: it would move what stands. */
  also?: readonly Pick<UseQueryResult, 'isLoading'>[];
  /** What to say when there is nothing. */
  empty?: ReactNode;
  isEmpty?: (data: NonNullable<T>) => boolean;
  /** Number of grey bars. */
  rows?: number;
  /** Where the page's own heading comes with the data: when that can't be had, this names the page and leads back. */
  back?: { readonly href: string; readonly label: string };
  children: (data: NonNullable<T>) => ReactNode;
}) {
  const { t } = useI18n();
  const { data, error } = query;
  const problem = error && <ProblemBox error={error} retry={() => void query.refetch()} />;
  if (data === undefined || data === null || also.some(({ isLoading }) => isLoading))
    return problem ? (
      <>
        {back && <PageHeader title={back.label} back={back} />}
        {problem}
      </>
    ) : (
      <Skeleton {...(rows !== undefined && { rows })} />
    );
  return (
    <>
      {problem}
      {empty !== undefined && isEmpty(data) ? empty : children(data)}
      {!error && isGrowing(data) && (
        <p
          role="status"
          className="no-print sticky bottom-3 mx-auto mt-3 w-fit rounded-lg border border-line bg-panel px-3 py-2 text-sm"
        >
          {t('common.loadingMore', { n: data.length })}
        </p>
      )}
    </>
  );
}
