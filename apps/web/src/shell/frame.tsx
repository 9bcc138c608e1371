import {
  Component,
  lazy,
  type ReactNode,
  Suspense,
  use,
  useEffect,
  useLayoutEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { areaHere, type AreaId, areasOf, loadArea, withTexts } from '#web/areas';
import { hasUnsentWork, keepsWork, missingFactor, useLostSession, useMe, useSession } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Button, ButtonLink, Link, PageHeader, Skeleton } from '#web/ui/basics';
import { classes } from '#web/ui/classes';
import { Dialog } from '#web/ui/dialog';
import { Select } from '#web/ui/form';
import { Icon, type IconName } from '#web/ui/icons';
import { EmptyState, ProblemBox } from '#web/ui/states';
import { Toasts } from '#web/ui/toast';
import { forgetGoing, goingOf } from './going';
import { notePath } from './navigation';
import { UnreachablePage } from './outside';
import { usePrinting } from './theme';
import { activateUpdate, keepForOffline, useUpdateReady } from './updates';

type Entrance = typeof import('./entrance');
const loadEntrance = (): Promise<Entrance> => import('./entrance');
/** A page or part of it, by its name there. */
const entrance = <Name extends keyof Entrance>(name: Name) =>
  lazy<Entrance[Name]>(() => loadEntrance().then((all) => ({ default: all[name] })));
const SignInPage = entrance('SignInPage');
const InvitationPage = entrance('InvitationPage');
const ResetPasswordPage = entrance('ResetPasswordPage');
const SignIn = entrance('SignIn');
const AccountPage = lazy(() => import('./account'));
const NoOrganisation = lazy(withTexts('supplier', () => import('./no-organisation')));
const UnsentWork = lazy(withTexts('checklist', () => import('#web/checklist/unsent')));

/**
 * Pages of what is kept on this device. Somebody who was removed while they were writing stays on theirs: it isn't taken from
 * under their hands, and there they can save what the server doesn't have.
 */
const KEPT_PAGES = /^\/(assessor|supplier)\/assessments\//;

/** Until then a page is of use, and the line free. */
const ENTRANCE_MS = 10_000;

/** Who is it, and what do they see: the way in to everything. */
export function Frame() {
  const [path] = useLocation();
  useLayoutEffect(() => notePath(path), [path]);
  return (
    <Suspense fallback={<Skeleton rows={1} />}>
      <Way path={path} />
    </Suspense>
  );
}

function Way({ path }: { path: string }) {
  const session = useSession();
  if (path === '/reset-password') return <ResetPasswordPage />;
  if (session.isPending) return <Skeleton rows={1} />;
  if (path === '/invitations') return <InvitationPage />;
  if (session.data === undefined)
    return <UnreachablePage error={session.error} retry={() => void session.refetch()} />;
  if (session.data === null) return <SignInPage />;
  const missing = missingFactor(session.data);
  if (missing) return <SignInPage step={missing} />;
  return (
    <>
      <Inside />
      <SignInAgain />
      <Toasts />
    </>
  );
}

/** Over the page when the session ran out: what was being done goes on afterwards. */
function SignInAgain() {
  const { t } = useI18n();
  const lost = useLostSession();
  const me = useMe();
  if (!lost) return null;
  return (
    <Dialog title={t('shell.lost.title')} onClose={() => lost.giveUp(new Error('not signed in again'))}>
      <p className="mb-4">{t('shell.lost.lead')}</p>
      <Suspense fallback={<Skeleton rows={1} />}>
        <SignIn email={me.email} onDone={lost.resume} />
      </Suspense>
    </Dialog>
  );
}

function Inside() {
  const { locale } = useI18n();
  const me = useMe();
  const [path] = useLocation();
  const areas = areasOf(me);
  const asked = path.split('/')[1] as AreaId;
  // One text, because a list made anew at every drawing would be another one each time.
  const parts = [
    `texts/${locale}/base`,
    ...areas.flatMap((each) => [`areas/${each}`, `texts/${locale}/${each}`]),
    `texts/${locale}/checklist`,
  ].join(' ');
  useEffect(() => {
    keepForOffline(parts.split(' '));
  }, [parts]);
  // The session may run out while a new version is on the server and this one's files aren't: then it has to be here already.
  useEffect(() => {
    const soon = setTimeout(() => void loadEntrance().catch(() => undefined), ENTRANCE_MS);
    return () => clearTimeout(soon);
  }, []);
  // What waits on this device is sent from whatever page is open, and is known of when somebody signs out.
  const kept = keepsWork(me.userId);
  const works = kept || areas.some((each) => each === 'assessor' || each === 'supplier');
  useEffect(() => {
    if (!works) return;
    const begin = (): void =>
      void import('#web/device/send').then(
        ({ startDevice }) => startDevice(me.userId),
        () => undefined,
      );
    // Where nothing waits, the page comes first.
    if (kept || !('requestIdleCallback' in window)) return begin();
    const idle = requestIdleCallback(begin, { timeout: 5_000 });
    return () => cancelIdleCallback(idle);
  }, [works, kept, me.userId]);
  const area =
    areas.find((each) => each === asked) ?? (KEPT_PAGES.test(path) && hasUnsentWork() ? asked : undefined);
  const start = path === '/' || path === '/sign-in';
  const going = start ? goingOf(me.email) : null;
  if (going) return <Arrive to={going} />;
  if (start && areas[0]) return <Redirect to={`/${areas[0]}`} replace />;
  return (
    <Suspense
      fallback={
        <Layout areas={areas} area={area}>
          <Skeleton />
        </Layout>
      }
    >
      {area ? (
        <FaultBoundary key={area}>
          <AreaPages id={area} areas={areas} />
        </FaultBoundary>
      ) : (
        <Layout areas={areas} area={undefined}>
          {areas.length === 0 && path !== '/account' ? (
            <FaultBoundary>
              <NoOrganisation>
                <Unsent />
              </NoOrganisation>
            </FaultBoundary>
          ) : (
            <>
              {path === '/account' ? (
                <AccountPage />
              ) : path === '/supplier/join' ? (
                <FaultBoundary>
                  <NoOrganisation />
                </FaultBoundary>
              ) : (
                <NotFound />
              )}
              <Unsent />
            </>
          )}
        </Layout>
      )}
    </Suspense>
  );
}

/** Goes on to where somebody was going before they had to look into their mail, once. */
function Arrive({ to }: { to: string }) {
  const [, go] = useLocation();
  useLayoutEffect(() => {
    forgetGoing();
    go(to, { replace: true });
  }, [to, go]);
  return null;
}

/** What somebody entered on this device and couldn't send: theirs to keep, whatever they may still do here. */
function Unsent() {
  const { userId } = useMe();
  if (!keepsWork(userId)) return null;
  return (
    <FaultBoundary>
      <Suspense>
        <UnsentWork />
      </Suspense>
    </FaultBoundary>
  );
}

function AreaPages({ id, areas }: { id: AreaId; areas: readonly AreaId[] }) {
  const { t } = useI18n();
  const { administrator, memberships } = useMe();
  const pages = areaHere(id) ?? use(loadArea(id));
  return (
    <Layout
      areas={areas}
      area={id}
      nav={pages.flatMap(({ path, nav }) =>
        nav &&
        areas.includes(id) &&
        (administrator || !nav.administrators) &&
        (!nav.role || memberships.some(({ role }) => role === nav.role))
          ? [{ path, label: t(nav.label as never), icon: nav.icon }]
          : [],
      )}
    >
      <Suspense fallback={<Skeleton />}>
        <Switch>
          {pages.map(({ path, page: Page }) => (
            <Route key={path} path={path}>
              <Page />
            </Route>
          ))}
          <Route>
            <NotFound />
          </Route>
        </Switch>
      </Suspense>
    </Layout>
  );
}

interface NavItem {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
}

/** So many places of a navigation stand beside each other on the narrowest phone; of more, the last are behind "more". */
const ON_A_PHONE = 4;

/** Looks of a place in the navigation: on a phone an icon over a word, else beside it. */
const tab = (current: boolean, listed = false): string =>
  classes(
    'flex min-h-11 min-w-0 cursor-pointer list-none items-center rounded-lg no-underline',
    listed
      ? 'gap-2 px-3'
      : 'flex-col justify-center gap-0.5 px-0.5 py-1 text-center text-[0.6875rem] leading-tight tracking-tight hyphens-auto wrap-anywhere sm:flex-row sm:gap-2 sm:text-base sm:tracking-normal lg:justify-start lg:px-3 lg:text-start',
    current ? 'bg-conforming-bg font-semibold text-conforming' : 'text-ink hover:bg-sunken',
  );

function NavLink({
  item: { path, label, icon },
  current,
  wideOnly = false,
  listed = false,
}: {
  item: NavItem;
  current: boolean;
  /** Not on a phone, where it is behind "more". */
  wideOnly?: boolean;
  /** In the list behind "more". */
  listed?: boolean;
}) {
  return (
    <Link
      href={path}
      aria-current={current ? 'page' : undefined}
      className={classes(tab(current, listed), wideOnly && 'max-lg:hidden')}
    >
      <Icon name={icon} />
      {label}
    </Link>
  );
}

function Layout({
  areas,
  area,
  nav = [],
  children,
}: {
  areas: readonly AreaId[];
  area: AreaId | undefined;
  nav?: readonly NavItem[];
  children: ReactNode;
}) {
  const { t } = useI18n();
  const [path, go] = useLocation();
  // The longest path that leads here is the one that is current.
  const current = nav
    .filter((item) => path === item.path || path.startsWith(`${item.path}/`))
    .sort((one, other) => other.path.length - one.path.length)[0];
  const fitting = nav.length > ON_A_PHONE ? ON_A_PHONE - 1 : nav.length;
  return (
    <div className="min-h-dvh lg:grid print:block lg:grid-cols-[15rem_1fr] lg:grid-rows-[auto_1fr]">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:start-2 focus:top-2 focus:z-30 focus:rounded-lg focus:bg-panel focus:p-3"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        {t('shell.skip')}
      </a>
      <header className="no-print sticky top-0 z-10 flex min-h-14 items-center gap-3 border-b border-line bg-panel px-4 lg:col-span-2">
        <Link
          href="/"
          className="flex min-h-11 shrink-0 items-center gap-2 font-bold text-brand no-underline"
        >
          <img src="/app/icon.svg" alt="" width="28" height="28" className="rounded-md" />
          Uplift
        </Link>
        <span className="grow" />
        {areas.length > 1 && (
          <Select
            label={t('shell.area')}
            hideLabel
            className="max-w-44 min-w-0 sm:max-w-56"
            value={area ?? ''}
            options={[
              ...(area ? [] : [{ value: '', label: t('shell.area') }]),
              ...areas.map((each) => ({ value: each, label: t(`shell.area.${each}`) })),
            ]}
            onChange={(value) => value && go(`/${value}`)}
          />
        )}
        <Connection />
        <Link
          href="/account"
          aria-current={path === '/account' ? 'page' : undefined}
          className="flex min-h-11 min-w-11 items-center justify-center gap-2 rounded-lg text-ink no-underline hover:bg-sunken sm:px-2"
        >
          <Icon name="person" />
          <span className="sr-only sm:not-sr-only">{t('shell.account')}</span>
        </Link>
      </header>
      {nav.length > 0 ? (
        <nav
          aria-label={area ? t(`shell.area.${area}`) : t('shell.area')}
          className="no-print relative grid auto-cols-fr grid-flow-col gap-1 border-b border-line bg-panel p-1 lg:sticky lg:top-14 lg:flex lg:h-[calc(100dvh-3.5rem)] lg:flex-col lg:overflow-y-auto lg:border-e lg:border-b-0 lg:p-3"
        >
          {nav.map((item, n) => (
            <NavLink key={item.path} item={item} current={current === item} wideOnly={n >= fitting} />
          ))}
          {nav.length > fitting && (
            <details key={path} className="lg:hidden">
              <summary className={tab(nav.indexOf(current!) >= fitting)}>
                <Icon name="list" />
                {t('shell.more')}
              </summary>
              <div className="absolute end-1 top-full z-20 grid w-64 gap-1 rounded-xl border border-edge bg-panel p-2 shadow-2xl">
                {nav.slice(fitting).map((item) => (
                  <NavLink key={item.path} item={item} current={current === item} listed />
                ))}
              </div>
            </details>
          )}
        </nav>
      ) : (
        <div className="no-print hidden lg:block" />
      )}
      <main
        id="main"
        tabIndex={-1}
        className="min-w-0 p-4 pb-[calc(6rem+var(--toasts,0px))] lg:px-6 lg:pt-6 print:p-0"
      >
        <div className="mx-auto max-w-6xl">
          <UpdateNotice />
          <FaultBoundary key={path}>{children}</FaultBoundary>
          <Printed />
        </div>
      </main>
    </div>
  );
}

/** On paper: what this was, and when. */
function Printed() {
  const { t, moment } = useI18n();
  usePrinting();
  return (
    <p className="mt-4 hidden text-sm text-soft print:block">
      {t('shell.printed', { moment: moment(new Date().toISOString()), address: location.href })}
    </p>
  );
}

/** Says when there is no connection, for as long as there is none. */
function Connection() {
  const { t } = useI18n();
  const online = useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener);
      addEventListener('offline', listener);
      return () => {
        removeEventListener('online', listener);
        removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
  return (
    <span role="status" className="text-sm">
      {!online && (
        <span className="flex items-center gap-1 font-semibold text-major">
          <Icon name="offline" />
          {t('shell.offline')}
        </span>
      )}
    </span>
  );
}

/** A new version waits; it comes when its person says so. */
function UpdateNotice() {
  const { t } = useI18n();
  const ready = useUpdateReady();
  const [later, setLater] = useState(false);
  if (!ready || later) return null;
  return (
    <div
      role="status"
      className="no-print mb-4 flex flex-wrap items-center gap-3 rounded-xl border border-edge bg-panel p-3"
    >
      <span className="grow">
        {t('shell.update.ready')} {hasUnsentWork() && t('shell.update.unsent')}
      </span>
      <Button look="primary" onClick={activateUpdate}>
        {t('shell.update.now')}
      </Button>
      <Button onClick={() => setLater(true)}>{t('shell.update.later')}</Button>
    </div>
  );
}

/** An address that leads nowhere, or to what isn't theirs. */
function NotFound() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('shell.notFound.title')} />
      <EmptyState title={t('shell.notFound.lead')}>
        <ButtonLink href="/">{t('shell.notFound.home')}</ButtonLink>
      </EmptyState>
    </>
  );
}

/** A part of the app that wasn't loaded yet and can't be had: the app has changed meanwhile, or there is no connection. */
function PartGone() {
  const { t } = useI18n();
  return (
    <EmptyState title={t('shell.partGone')} icon="offline">
      {t('shell.partGoneFix')}
      <Button className="mt-3 block" onClick={() => location.reload()}>
        {t('shell.reload')}
      </Button>
    </EmptyState>
  );
}

/** A page that broke doesn't take the shell with it; a file that is gone after an update is fetched by loading anew. */
class FaultBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };
  static getDerivedStateFromError = (error: unknown) => ({ error });
  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    // What browsers say of a file that can't be had: Chromium, Firefox, Safari.
    if (/dynamically imported module|Importing a module script/i.test(String(error))) return <PartGone />;
    return <ProblemBox error={error} retry={() => location.reload()} />;
  }
}
