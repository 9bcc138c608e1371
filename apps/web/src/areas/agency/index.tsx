import { lazy } from 'react';
import { type Area, withTexts } from '#web/areas';
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
    path: '/agency/assessors',
    page: lazy(withTexts('roster', () => import('./assessors'))),
    nav: { label: 'agency.assessors.title', icon: 'person' },
  },
  { path: '/agency/assessors/:id', page: lazy(withTexts('roster', () => import('./assessor'))) },
  {
    path: '/agency/coaching',
    page: lazy(withTexts('roster', () => import('#web/roster/coaching'))),
    nav: { label: 'agency.coaching.title', icon: 'list' },
  },
  {
    path: '/agency/imports',
    page: lazy(() => import('./imports')),
    nav: { label: 'agency.imports.nav', icon: 'download' },
  },
  { path: '/agency/imports/:id', page: lazy(() => import('./import')) },
] satisfies Area;
