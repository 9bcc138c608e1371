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

/** Every language we speak, named in itself. */
export const languageOptions = () =>
  LOCALES.map((value) => ({ value: value as string, label: NAMES[value], lang: value }));

/** The interface's language; remembered on the device. */
export function LanguagePicker() {
  const { t, locale, choose } = useI18n();
  return (
    <Select
      label={t('shell.language')}
      value={locale}
      options={[...languageOptions(), ...(locale === 'en-XA' ? [{ value: 'en-XA', label: '[Ŧéšţ]' }] : [])]}
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
