import type { Area } from '#web/areas';
import { QueuePage } from './queue';

export default [
  { path: '/reviewer', page: QueuePage, nav: { label: 'reviewer.nav.queue', icon: 'list' } },
] satisfies Area;
