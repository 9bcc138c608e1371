import { create } from 'qrcode';
import { classes } from './classes';

/** A QR code drawn as one path, dark on light in every theme: cameras want it so. */
export function QrCode({
  text,
  label,
  className = 'w-52',
}: {
  text: string;
  label: string;
  /** Its width. */
  className?: string;
}) {
  const { modules } = create(text, { errorCorrectionLevel: 'M' });
  const cells: string[] = [];
  for (let y = 0; y < modules.size; y += 1)
    for (let x = 0; x < modules.size; x += 1) if (modules.get(y, x)) cells.push(`M${x + 2} ${y + 2}h1v1h-1z`);
  const size = modules.size + 4;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      className={classes('mx-auto', className)}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={cells.join('')} fill="#000" />
    </svg>
  );
}
