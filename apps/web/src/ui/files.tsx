import type { Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Text } from './basics';

type Piece = Schema<'CorrectionRow'>['evidence'][number];

/** Photographs as thumbnails that open in full, documents by name. `preparing` says of a file that it can't be looked at yet. */
export function Files({
  files,
  preparing,
}: {
  files: readonly Piece[];
  preparing: (name: string) => string;
}) {
  const { number } = useI18n();
  if (files.length === 0) return null;
  return (
    <ul className="mt-2 flex flex-wrap gap-2">
      {files.map(({ id, state, mediaType, fileName }, n) => {
        const name = fileName ?? number(n + 1);
        if (state !== 'ready')
          return (
            <li key={id} className="rounded-lg border border-dashed border-edge p-2 text-sm text-soft">
              <bdi dir="auto">{preparing(name)}</bdi>
            </li>
          );
        return (
          <li key={id}>
            <a
              href={`/api/v1/evidence/${id}/content`}
              target="_blank"
              rel="noreferrer"
              className="grid min-h-11 min-w-11 place-items-center rounded-lg border border-line bg-sunken p-1 text-sm"
            >
              {mediaType?.startsWith('image/') ? (
                <img
                  src={`/api/v1/evidence/${id}/thumbnail`}
                  alt={name}
                  loading="lazy"
                  className="h-20 w-auto max-w-40 rounded object-cover"
                />
              ) : (
                <Text>{name}</Text>
              )}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
