import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { Link as RouterLink } from 'wouter';
import { useI18n } from '#web/i18n';
import { openedByNavigation } from '#web/shell/navigation';
import { classes } from './classes';
import { Icon, type IconName } from './icons';
import { usePending } from './pending';

type Look = 'primary' | 'secondary' | 'quiet' | 'danger';
const LOOKS: Readonly<Record<Look, string>> = {
  primary: 'bg-brand text-on-brand border-brand hover:bg-brand-strong',
  secondary: 'bg-panel text-ink border-edge hover:bg-sunken',
  quiet: 'bg-transparent text-link border-transparent hover:bg-sunken',
  danger: 'bg-critical-bg text-critical border-critical hover:border-2',
};
const shape = (look: Look, extra?: string): string =>
  classes(
    'no-print inline-flex min-h-11 items-center justify-center gap-2 rounded-lg border px-4 py-2 font-semibold no-underline',
    'disabled:opacity-60',
    LOOKS[look],
    extra,
  );

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` once on a page: what most people came for. `danger` with a `<Confirm>`. */
  readonly look?: Look;
  readonly icon?: IconName;
  /** Busy: can't be pressed again, and says so. */
  readonly busy?: boolean;
}

/** Does something. What leads somewhere is a `<Link>` or `<ButtonLink>`. */
export function Button({
  look = 'secondary',
  icon,
  busy = false,
  children,
  className,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={busy || undefined}
      disabled={busy || rest.disabled}
      className={shape(look, className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A link to a page of the app (`/supplier/…`) or, with `external`, to anything else. */
export function Link({
  href,
  external = false,
  className,
  children,
  ...rest
}: {
  href: string;
  external?: boolean;
  className?: string;
  children: ReactNode;
  'aria-current'?: 'page' | undefined;
}) {
  return external ? (
    <a href={href} className={className} {...rest}>
      {children}
    </a>
  ) : (
    <RouterLink href={href} className={className} {...rest}>
      {children}
    </RouterLink>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  look = 'secondary',
  icon,
  ...rest
}: {
  href: string;
  external?: boolean;
  look?: Look;
  icon?: IconName;
  children: ReactNode;
}) {
  return (
    <Link {...rest} className={shape(look)}>
      {icon && <Icon name={icon} />}
      {rest.children}
    </Link>
  );
}

/**
 * Top of every page: its heading, title of the window, and where it stands (`back`). Takes the focus when the page was
 * opened from another, so that those who hear it hear where they are.
 */
export function PageHeader({
  title,
  lead,
  back,
  actions,
  pending = false,
}: {
  title: string;
  lead?: ReactNode;
  back?: { readonly href: string; readonly label: string };
  actions?: ReactNode;
  /** Some of it isn't known yet: until it is, there is the heading alone, and nothing below shows. */
  pending?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  const header = usePending<HTMLElement>(pending);
  useEffect(() => {
    document.title = `${title} – Uplift`;
  }, [title]);
  useEffect(() => {
    if (openedByNavigation()) heading.current?.focus();
  }, []);
  return (
    <header ref={header} className={classes('mb-5', pending && 'pending')}>
      {back && (
        <Link href={back.href} className="no-print mb-2 inline-flex min-h-6 items-center gap-1 text-sm">
          <Icon name="back" size={16} />
          {back.label}
        </Link>
      )}
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {!pending && lead && <p className="mt-1 max-w-prose text-soft">{lead}</p>}
        </div>
        {!pending && actions && <div className="no-print flex flex-wrap gap-2">{actions}</div>}
      </div>
    </header>
  );
}

/** A piece of a page on its own ground. `heading` names it for everybody. */
export function Panel({
  heading,
  children,
  className,
}: {
  heading?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={classes('mb-4 rounded-xl border border-line bg-panel p-4', className)}>
      {heading && <h2 className="mb-3">{heading}</h2>}
      {children}
    </section>
  );
}

/** What things can stand at; each has a colour, a shape and a word, and never a colour alone. */
export type StatusKind = 'conforming' | 'minor' | 'major' | 'critical' | 'unanswered' | 'na' | 'neutral';
const STATUS: Readonly<Record<StatusKind, { icon: IconName; look: string }>> = {
  conforming: { icon: 'check', look: 'bg-conforming-bg text-conforming' },
  minor: { icon: 'minor', look: 'bg-minor-bg text-minor' },
  major: { icon: 'major', look: 'bg-major-bg text-major' },
  critical: { icon: 'critical', look: 'bg-critical-bg text-critical' },
  unanswered: { icon: 'unanswered', look: 'bg-unanswered-bg text-unanswered' },
  na: { icon: 'na', look: 'bg-na-bg text-na' },
  neutral: { icon: 'info', look: 'bg-unanswered-bg text-unanswered' },
};

/** How something stands: icon and word. `children` says it where the word of the kind itself isn't meant. */
export function Status({
  kind,
  icon,
  children,
}: {
  kind: StatusKind;
  icon?: IconName;
  children?: ReactNode;
}) {
  const { t } = useI18n();
  return (
    <span
      className={classes(
        'status inline-flex items-center gap-1 rounded-full px-2.5 py-0.5 text-sm font-semibold whitespace-nowrap',
        STATUS[kind].look,
      )}
    >
      <Icon name={icon ?? STATUS[kind].icon} size={16} />
      {children ?? (kind === 'neutral' ? null : t(`common.status.${kind}`))}
    </span>
  );
}

/** A part of a whole, always with both numbers in words. `label` says of what. */
export function Meter({
  label,
  value,
  of,
  words,
}: {
  label: string;
  value: number;
  of: number;
  words?: string;
}) {
  const { t } = useI18n();
  const said = words ?? t('common.countOf', { n: value, of });
  return (
    <div>
      <div className="flex justify-between gap-3 text-sm">
        <span>{label}</span>
        <span className="text-soft">{said}</span>
      </div>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={of}
        aria-valuenow={value}
        aria-valuetext={said}
        className="meter mt-1 h-2 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className="h-full rounded-full bg-brand"
          style={{ inlineSize: `${of > 0 ? (100 * value) / of : 0}%` }}
        />
      </div>
    </div>
  );
}

/** Something people wrote, or content in its own language: the direction is its own. */
export function Text({ children, lang }: { children: string; lang?: string | undefined }) {
  return (
    <bdi dir="auto" lang={lang}>
      {children}
    </bdi>
  );
}

/** Something without a shape of its own is loading: nothing below shows until it is there. */
export function Pending() {
  return <span ref={usePending<HTMLSpanElement>(true)} />;
}

/** Grey bars where something will stand; says that it is loading. Nothing below shows until it is there. */
export function Skeleton({ rows = 4 }: { rows?: number }) {
  const { t } = useI18n();
  const ref = usePending<HTMLDivElement>(true);
  return (
    <div ref={ref} role="status" className="pending grid gap-3">
      <span className="sr-only">{t('common.loading')}</span>
      {Array.from({ length: rows }, (_, n) => (
        <div key={n} className="h-10 animate-pulse rounded-lg bg-sunken" />
      ))}
    </div>
  );
}
