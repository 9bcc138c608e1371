import { useI18n, type Locale, LOCALES } from '#web/i18n';
import { Select } from '#web/ui/form';
import { chooseTheme, type Theme, useTheme } from './theme';

const NAMES: Readonly<Record<Locale, string>> = {
  en: 'English',
  es: 'Español',
  ar: 'العربية',
  fr: 'Français',
  ru: 'Русский',
  hi: 'हिन्दी',
};

/** The interface's language, each named in itself; remembered on the device. */
export function LanguagePicker() {
  const { t, locale, choose } = useI18n();
  return (
    <Select
      label={t('shell.language')}
      value={locale}
      options={[
        ...(Object.keys(LOCALES) as Locale[]).map((value) => ({ value, label: NAMES[value], lang: value })),
        ...(locale === 'en-XA' ? [{ value: 'en-XA', label: '[Ŧéšţ]' }] : []),
      ]}
      onChange={(value) => void choose(value as Locale)}
    />
  );
}

/** Light, dark, or as the device has it. */
export function ThemePicker() {
  const { t } = useI18n();
  const theme = useTheme();
  return (
    <Select
      label={t('shell.theme')}
      value={theme}
      options={(['auto', 'light', 'dark'] as const).map((value) => ({
        value,
        label: t(`shell.theme.${value}`),
      }))}
      onChange={(value) => chooseTheme(value as Theme)}
    />
  );
}
