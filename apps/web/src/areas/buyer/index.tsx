import { lazy } from 'react';
import { type Area, withTexts } from '#web/areas';
import { SuppliersPage } from './suppliers';

export default [
  { path: '/buyer', page: SuppliersPage, nav: { label: 'buyer.nav.suppliers', icon: 'site' } },
  {
    path: '/buyer/expiring',
    page: lazy(() => import('./expiring')),
    nav: { label: 'buyer.nav.expiring', icon: 'clock' },
  },
  { path: '/buyer/compare', page: lazy(() => import('./compare')) },
  { path: '/buyer/sites/:id', page: lazy(() => import('./site')) },
  {
    path: '/buyer/rules',
    page: lazy(() => import('./rules')),
    nav: { label: 'buyer.nav.rules', icon: 'list' },
  },
  { path: '/buyer/rules/:rule', page: lazy(() => import('./rule')) },
  {
    path: '/buyer/complaints',
    page: lazy(withTexts('complaint', () => import('#web/shell/complaints'))),
    nav: { label: 'buyer.nav.complaints', icon: 'info' },
  },
] satisfies Area;
