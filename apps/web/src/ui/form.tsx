import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  use,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { ApiProblem } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Button } from './basics';
import { classes } from './classes';
import { Icon } from './icons';
import { ProblemBox } from './states';

/** Name of a field → what is wrong with it. */
const Faults = createContext<Readonly<Record<string, string>>>({});

/** `/claims/0/text` → `claims/0/text`; `/email` → `email`: fields are named as the API points to them. */
const nameOf = (pointer: string): string => pointer.replace(/^\//, '');

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

/**
 * A form whose fields are plain HTML with names. `onSubmit` gets the values and does the work; what the API refuses is shown
 * at the fields it names, the rest above the button, and the first faulty field takes the focus. Nothing typed is lost: closing
 * the window or loading it anew is asked about first, unless the form is `brief`.
 */
export function Form({
  onSubmit,
  submit,
  children,
  actions,
  look = 'primary',
  brief = false,
}: {
  onSubmit: (values: Record<string, string>, data: FormData) => Promise<unknown>;
  /** What the button says. */
  submit: string;
  children?: ReactNode;
  /** Further buttons beside it. */
  actions?: ReactNode;
  look?: 'primary' | 'danger';
  /** Nothing in it would be lost: signing in, a search, what the page keeps itself. */
  brief?: boolean;
}) {
  const [error, setError] = useState<unknown>(null);
  const [typed, setTyped] = useState(false);
  useEffect(() => {
    if (!typed || brief) return;
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [typed, brief]);
  /** Whether a field shows what is wrong. */
  const [placed, setPlaced] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const faults =
    error instanceof ApiProblem
      ? Object.fromEntries(
          (error.problem.errors ?? []).map(({ field, message, fix }) => [nameOf(field), fix ?? message]),
        )
      : {};
  useEffect(() => {
    if (!error) return;
    const field = form.current?.querySelector<HTMLElement>('[aria-invalid=true]');
    setPlaced(!!field);
    field?.focus();
  }, [error]);
  return (
    <form
      ref={form}
      className="grid gap-4"
      onChange={() => setTyped(true)}
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        setBusy(true);
        setError(null);
        onSubmit(
          Object.fromEntries([...data].filter(([, value]) => typeof value === 'string')) as never,
          data,
        )
          .then(() => setTyped(false), setError)
          .finally(() => setBusy(false));
      }}
    >
      <Faults value={faults}>{children}</Faults>
      {error !== null && !placed && <ProblemBox error={error} />}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look={look} busy={busy}>
          {submit}
        </Button>
        {actions}
      </div>
    </form>
  );
}

const INPUT =
  'min-h-11 w-full rounded-lg border border-edge bg-panel px-3 py-2 text-ink aria-invalid:border-critical aria-invalid:border-2 [&[readonly]]:bg-sunken';

function Labelled({
  id,
  label,
  hint,
  fault,
  className,
  children,
}: {
  id: string;
  label: ReactNode;
  hint?: ReactNode;
  fault?: string | undefined;
  className?: string | undefined;
  children: ReactNode;
}) {
  return (
    <div className={classes('grid gap-1', className)}>
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-soft">
          {hint}
        </p>
      )}
      {children}
      {fault && (
        <p id={`${id}-fault`} className="flex items-center gap-1 text-sm text-critical">
          <Icon name="critical" size={16} />
          {fault}
        </p>
      )}
    </div>
  );
}

const described = (id: string, hint: unknown, fault: unknown): string | undefined =>
  classes(!!hint && `${id}-hint`, !!fault && `${id}-fault`) || undefined;

interface FieldProps {
  readonly label: ReactNode;
  /** As the API calls it, so that its refusals find it. */
  readonly name: string;
  readonly hint?: ReactNode;
}

/**
 * One line of text; `multiline` for more. Everything else an input takes is passed on. What people write has its own direction,
 * whatever the page's is.
 */
export function TextField({
  label,
  hint,
  multiline = false,
  className,
  ...rest
}: FieldProps & { multiline?: boolean } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const fault = use(Faults)[rest.name];
  const props = {
    dir: multiline || (rest.type ?? 'text') === 'text' ? 'auto' : undefined,
    ...rest,
    id,
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': described(id, hint, fault),
  };
  return (
    <Labelled id={id} label={label} hint={hint} fault={fault} className={className}>
      {multiline ? (
        <textarea {...(props as object)} rows={4} className={INPUT} />
      ) : (
        <input type="text" {...props} className={INPUT} />
      )}
    </Labelled>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly lang?: string;
}

/** One of several, as the device shows it: the phone's own wheel is the one its person knows. */
export function Select({
  label,
  hint,
  options,
  hideLabel = false,
  className,
  onChange,
  ...rest
}: Omit<FieldProps, 'name'> & {
  name?: string;
  options: readonly Option[];
  hideLabel?: boolean;
  className?: string;
  value?: string;
  defaultValue?: string;
  required?: boolean;
  onChange?: (value: string) => void;
}) {
  const id = useId();
  const fault = use(Faults)[rest.name ?? ''];
  const select = (
    <select
      {...rest}
      id={id}
      aria-label={hideLabel ? String(label) : undefined}
      aria-invalid={fault ? true : undefined}
      aria-describedby={described(id, hint, fault)}
      onChange={onChange && ((event) => onChange(event.target.value))}
      className={classes(INPUT, hideLabel && className)}
    >
      {options.map(({ value, label: name, lang }) => (
        <option key={value} value={value} lang={lang}>
          {name}
        </option>
      ))}
    </select>
  );
  return hideLabel ? (
    select
  ) : (
    <Labelled id={id} label={label} hint={hint} fault={fault} className={className}>
      {select}
    </Labelled>
  );
}

/** One of a few, all in view; large enough for a thumb. */
export function RadioGroup({
  label,
  name,
  hint,
  options,
  value,
  defaultValue,
  onChange,
}: FieldProps & {
  options: readonly Option[];
  value?: string | null;
  defaultValue?: string;
  onChange?: (value: string) => void;
}) {
  const id = useId();
  const fault = use(Faults)[name];
  return (
    <fieldset aria-describedby={described(id, hint, fault)}>
      <legend className="mb-1 font-medium">{label}</legend>
      {hint && (
        <p id={`${id}-hint`} className="mb-1 text-sm text-soft">
          {hint}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {options.map((option) => (
          <label
            key={option.value}
            lang={option.lang}
            className="flex min-h-11 items-center gap-2 rounded-lg border border-edge bg-panel px-3 py-2 has-checked:border-brand has-checked:bg-conforming-bg has-checked:font-semibold"
          >
            <input
              type="radio"
              name={name}
              value={option.value}
              className="size-5 accent-brand"
              {...(value !== undefined
                ? { checked: value === option.value }
                : { defaultChecked: defaultValue === option.value })}
              onChange={() => onChange?.(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {fault && (
        <p id={`${id}-fault`} className="mt-1 text-sm text-critical">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

/** Yes or no. */
export function Checkbox({
  label,
  name,
  ...rest
}: Omit<FieldProps, 'hint'> & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex min-h-11 items-center gap-3">
      <input type="checkbox" name={name} {...rest} className="size-5 shrink-0 accent-brand" />
      <span className="min-w-0 wrap-anywhere">{label}</span>
    </label>
  );
}

/** A code of an authenticator app. */
export function CodeField() {
  const { t } = useI18n();
  return (
    <TextField
      label={t('shell.signIn.code')}
      name="code"
      required
      inputMode="numeric"
      autoComplete="one-time-code"
      dir="ltr"
      maxLength={12}
    />
  );
}

/** What somebody who makes an account is called. */
export function PersonNameField() {
  const { t } = useI18n();
  return (
    <TextField label={t('shell.invitation.name')} name="name" required maxLength={200} autoComplete="name" />
  );
}

/** A password that is chosen: as long as the API asks for. */
export function NewPasswordField({ label, name }: Pick<FieldProps, 'label' | 'name'>) {
  const { t } = useI18n();
  return (
    <PasswordField
      label={label}
      hint={t('shell.passwordHint')}
      name={name}
      required
      minLength={12}
      maxLength={128}
      autoComplete="new-password"
    />
  );
}

/** A password, which can be looked at while it is typed. */
export function PasswordField({ label, hint, ...rest }: FieldProps & InputHTMLAttributes<HTMLInputElement>) {
  const { t } = useI18n();
  const [visible, setVisible] = useState(false);
  return (
    <div className="grid gap-1">
      <TextField
        label={label}
        hint={hint}
        {...rest}
        type={visible ? 'text' : 'password'}
        dir="ltr"
        spellCheck={false}
      />
      <label className="flex min-h-6 items-center gap-2 text-sm text-soft">
        <input
          type="checkbox"
          checked={visible}
          onChange={() => setVisible(!visible)}
          className="size-4 accent-brand"
        />
        {t('common.showPassword')}
      </label>
    </div>
  );
}
