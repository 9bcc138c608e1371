import type { ReactNode } from 'react';

/** Shapes on a grid of 24, drawn with one stroke; those that point are mirrored in Arabic. */
const SHAPES = {
  check: 'M5 13l4 4L19 7',
  minor: 'M12 4l9 16H3zM12 10v4M12 17v.01',
  major: 'M12 3l9 9-9 9-9-9zM12 8v5M12 16v.01',
  critical: 'M8 3h8l5 5v8l-5 5H8l-5-5V8zM9 9l6 6M15 9l-6 6',
  unanswered: 'M12 3a9 9 0 100 18 9 9 0 000-18zM9.5 9.5a2.5 2.5 0 113.5 2.3c-.7.4-1 .9-1 1.7M12 17v.01',
  na: 'M12 3a9 9 0 100 18 9 9 0 000-18zM7 12h10',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3 2',
  next: 'M9 5l7 7-7 7',
  back: 'M15 5l-7 7 7 7',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  person: 'M12 4a4 4 0 100 8 4 4 0 000-8zM4 20c1-4 4-6 8-6s7 2 8 6',
  offline:
    'M3 3l18 18M5 12a10 10 0 014-2.4M2 9a15 15 0 015-3M19 12a10 10 0 00-3-2M22 9a15 15 0 00-9-4M9 16a4 4 0 016 0M12 20v.01',
  plus: 'M12 5v14M5 12h14',
  site: 'M4 20V9l5 3V9l5 3V4h6v16zM8 16h.01M12 16h.01M16 16h.01',
  list: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  people:
    'M9 5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM2.5 20c.6-3.6 3-5.5 6.500-5.500s5.900 1.900 6.500 5.500M16 5.500a3 3 0 010 6M18 15c2 .7 3.200 2.400 3.500 5',
  chart: 'M4 20h16M7 16v-4M12 16V6M17 16v-7',
  key: 'M15 4a5 5 0 100 10 5 5 0 000-10zM11 12l-7 7v1h3v-2h2v-2l2-2',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  camera: 'M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.5 3.500 0 100 7 3.500 3.500 0 000-7',
  mic: 'M12 3a3 3 0 00-3 3v5a3 3 0 006 0V6a3 3 0 00-3-3zM5 11a7 7 0 0014 0M12 18v3',
  device: 'M7 3h10v18H7zM11 18h2',
  unsorted: 'M8 9l4-4 4 4M8 15l4 4 4-4',
  up: 'M12 20V4M6 10l6-6 6 6',
  down: 'M12 4v16M6 14l6 6 6-6',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v6M12 7.500v.01',
} as const;
export type IconName = keyof typeof SHAPES;
const POINTING: readonly IconName[] = ['next', 'back', 'list', 'offline'];

/** A decorative icon, in the colour of the text; the word beside it says what it means. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }): ReactNode {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={POINTING.includes(name) ? 'shrink-0 rtl:-scale-x-100' : 'shrink-0'}
    >
      <path d={SHAPES[name]} />
    </svg>
  );
}
