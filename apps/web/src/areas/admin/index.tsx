import type { Area } from '#web/areas';
import { PeoplePage } from './people';

export default [
  { path: '/admin', page: PeoplePage, nav: { label: 'admin.nav.people', icon: 'people' } },
] satisfies Area;
