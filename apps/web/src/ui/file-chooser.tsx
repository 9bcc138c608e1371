import { useId } from 'react';
import { Icon } from './icons';

/** What the server takes; phones give JPEG when asked for one of these. */
const PICTURES = 'image/jpeg,image/png,image/webp';
const DOCUMENTS = '.pdf,.docx,.xlsx';

/** A button that asks for files: photographs and documents, or a photograph from the camera at once. */
export function FileChooser({
  label,
  camera = false,
  accept = camera ? PICTURES : `${PICTURES},${DOCUMENTS}`,
  folder = false,
  busy = false,
  onChoose,
}: {
  label: string;
  camera?: boolean;
  /** What else is asked for than photographs and documents. */
  accept?: string;
  /** A folder with all its files; where the browser can't, files. */
  folder?: boolean;
  busy?: boolean;
  onChoose: (files: readonly File[]) => unknown;
}) {
  const id = useId();
  return (
    <label
      htmlFor={id}
      className="relative inline-flex min-h-11 items-center gap-2 rounded-lg border border-edge bg-panel px-3 text-sm font-semibold hover:bg-sunken has-focus-visible:outline-3 has-focus-visible:outline-focus"
    >
      <Icon name={camera ? 'camera' : 'plus'} size={18} />
      {label}
      <input
        id={id}
        type="file"
        accept={accept}
        multiple={!camera}
        {...(camera && { capture: 'environment' as const })}
        {...(folder && { webkitdirectory: '' })}
        disabled={busy}
        className="absolute inset-0 size-full opacity-0"
        onChange={(event) => {
          const chosen = [...(event.target.files ?? [])];
          // The same file may be chosen again.
          event.target.value = '';
          onChoose(chosen);
        }}
      />
    </label>
  );
}
