/* Fields that stand together under one name. */
import type { ReactNode } from 'react';
import { useI18n } from '#web/i18n';
import { classes } from './classes';
import { Checkbox, TextField } from './form';

interface GroupProps {
  readonly label: string;
  readonly hint?: string;
}

function Group({
  label,
  hint,
  className,
  children,
}: GroupProps & { className: string; children: ReactNode }) {
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-medium">{label}</legend>
      {hint && <p className="text-sm text-soft">{hint}</p>}
      <div className={classes('grid', className)}>{children}</div>
    </fieldset>
  );
}

/**
 * Any of several, all in view; `data.getAll(name)` has those that are ticked. What was chosen before and isn't offered any more
 * stays a choice: nothing is lost by saving.
 */
export function Checkboxes<Value extends string | number>({
  name,
  options,
  chosen,
  nameOf,
  columns = 'grid-cols-2 sm:grid-cols-3',
  ...group
}: GroupProps & {
  readonly name: string;
  readonly options: Iterable<Value>;
  readonly chosen: readonly Value[];
  readonly nameOf: (value: Value) => ReactNode;
  readonly columns?: string;
}) {
  return (
    <Group {...group} className={columns}>
      {[...new Set([...options, ...chosen])].map((value) => (
        <Checkbox
          key={value}
          label={nameOf(value)}
          name={name}
          value={value}
          defaultChecked={chosen.includes(value)}
        />
      ))}
    </Group>
  );
}

/** Languages that sites and assessors are matched by; others that somebody speaks stay. */
const SPOKEN = ['ar', 'en', 'es', 'fr', 'hi', 'ru'];

/** Which languages are spoken. */
export function SpokenLanguages({ label, chosen }: GroupProps & { readonly chosen: readonly string[] }) {
  const { language } = useI18n();
  return <Checkboxes label={label} name="languages" options={SPOKEN} chosen={chosen} nameOf={language} />;
}

/** A place in degrees, as the API has it: `lat` and `lon`, both or neither. */
export function PlaceFields({
  at: { lat, lon },
  ...group
}: GroupProps & {
  readonly at: { readonly lat?: number | null | undefined; readonly lon?: number | null | undefined };
}) {
  const { t } = useI18n();
  const degrees = (name: 'lat' | 'lon', value: number | null | undefined, most: number) => (
    <TextField
      label={t(`common.place.${name}`)}
      name={name}
      type="number"
      step="any"
      min={-most}
      max={most}
      dir="ltr"
      {...(value !== null && value !== undefined && { defaultValue: String(value) })}
    />
  );
  return (
    <Group {...group} className="gap-3 sm:grid-cols-2">
      {degrees('lat', lat, 90)}
      {degrees('lon', lon, 180)}
    </Group>
  );
}
