import { useI18n } from '#web/i18n';
import { Button } from './basics';
import { toast } from './toast';

/** A link or a code to hand on: shown, selected at a touch, copied at a press. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const { t } = useI18n();
  return (
    <div className="flex flex-wrap items-end gap-2">
      <label className="grid min-w-0 grow gap-1">
        <span className="font-medium">{label}</span>
        <input
          readOnly
          dir="ltr"
          value={value}
          onFocus={(event) => event.target.select()}
          className="min-h-11 w-full min-w-0 rounded-lg border border-edge bg-sunken px-3 py-2 text-sm text-ink"
        />
      </label>
      {/* Only where the page came over https does a browser let it write to the clipboard. */}
      {isSecureContext && (
        <Button
          onClick={() =>
            void navigator.clipboard.writeText(value).then(
              () => toast(t('common.copied')),
              () => undefined,
            )
          }
        >
          {t('common.copy')}
        </Button>
      )}
    </div>
  );
}
