import { lazy } from 'react';
import { type Area, withTexts } from '#web/areas';
import { SitesPage } from './sites';

export default [
  { path: '/supplier', page: SitesPage, nav: { label: 'supplier.nav.sites', icon: 'site' } },
  {
    path: '/supplier/certificates',
    page: lazy(() => import('./certificates')),
    nav: { label: 'supplier.nav.certificates', icon: 'qr' },
  },
  {
    path: '/supplier/sharing',
    page: lazy(() => import('./sharing')),
    nav: { label: 'supplier.nav.sharing', icon: 'people' },
  },
  {
    path: '/supplier/data',
    page: lazy(() => import('./data')),
    nav: { label: 'supplier.nav.data', icon: 'download' },
  },
  {
    path: '/supplier/sites/new/:organisation',
    page: lazy(() => import('./site-form').then(({ NewSitePage }) => ({ default: NewSitePage }))),
  },
  {
    path: '/supplier/sites/:id/change',
    page: lazy(() => import('./site-form').then(({ ChangeSitePage }) => ({ default: ChangeSitePage }))),
  },
  {
    path: '/supplier/saved',
    page: lazy(withTexts('checklist', () => import('#web/checklist/saved'))),
  },
  {
    path: '/supplier/complaints',
    page: lazy(withTexts('complaint', () => import('#web/shell/complaints'))),
  },
  { path: '/supplier/join', page: lazy(() => import('./join')) },
  { path: '/supplier/sites/:id', page: lazy(() => import('./site')) },
  { path: '/supplier/sites/:id/findings', page: lazy(() => import('./findings')) },
  { path: '/supplier/gap-reports/:id', page: lazy(() => import('./gap-report')) },
  { path: '/supplier/certificates/:id', page: lazy(() => import('./certificate')) },
  {
    path: '/supplier/sharing/new/:organisation',
    page: lazy(() => import('./grant').then(({ GrantPage }) => ({ default: GrantPage }))),
  },
  {
    path: '/supplier/sharing/change/:organisation/:grant',
    page: lazy(() => import('./grant').then(({ ChangeGrantPage }) => ({ default: ChangeGrantPage }))),
  },
  {
    path: '/supplier/assessments/:id',
    page: lazy(withTexts('checklist', () => import('#web/checklist/page'))),
  },
  {
    path: '/supplier/assessments/:id/review',
    page: lazy(withTexts('checklist', () => import('#web/checklist/review'))),
  },
] satisfies Area;
