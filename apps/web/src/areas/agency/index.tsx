import { lazy } from 'react';
import type { Area } from '#web/areas';
import { CohortsPage } from './cohorts';

export default [
  { path: '/agency', page: CohortsPage, nav: { label: 'agency.nav.cohorts', icon: 'people' } },
  { path: '/agency/cohorts/:id', page: lazy(() => import('./cohort')) },
  {
    path: '/agency/programmes',
    page: lazy(() => import('./programmes')),
    nav: { label: 'agency.nav.programmes', icon: 'chart' },
  },
  { path: '/agency/programmes/:id', page: lazy(() => import('./programme')) },
  {
    path: '/agency/visits',
    page: lazy(() => import('./visits')),
    nav: { label: 'agency.nav.visits', icon: 'clock' },
  },
  {
    path: '/agency/imports',
    page: lazy(() => import('./imports')),
    nav: { label: 'agency.imports.nav', icon: 'download' },
  },
  { path: '/agency/imports/:id', page: lazy(() => import('./import')) },
] satisfies Area;
