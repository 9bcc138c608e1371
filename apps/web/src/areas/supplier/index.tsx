import { lazy } from 'react';
import { type Area, withTexts } from '#web/areas';
import { SitesPage } from './sites';

export default [
  { path: '/supplier', page: SitesPage, nav: { label: 'supplier.nav.sites', icon: 'site' } },
  {
    path: '/supplier/assessments/:id',
    page: lazy(withTexts('checklist', () => import('#web/checklist/page'))),
  },
  {
    path: '/supplier/assessments/:id/review',
    page: lazy(withTexts('checklist', () => import('#web/checklist/review'))),
  },
] satisfies Area;
