import type { Area } from '#web/areas';
import { CohortsPage } from './cohorts';

export default [
  { path: '/agency', page: CohortsPage, nav: { label: 'agency.nav.cohorts', icon: 'people' } },
] satisfies Area;
