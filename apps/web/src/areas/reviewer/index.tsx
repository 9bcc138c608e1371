import { lazy } from 'react';
import type { Area } from '#web/areas';
import { QueuePage } from './queue';

export default [
  { path: '/reviewer', page: QueuePage, nav: { label: 'reviewer.nav.queue', icon: 'list' } },
  {
    path: '/reviewer/assessments',
    page: lazy(() => import('./assessments')),
    nav: { label: 'reviewer.nav.assessments', icon: 'check' },
  },
  { path: '/reviewer/assessments/:id', page: lazy(() => import('./assessment')) },
  {
    path: '/reviewer/certificates',
    page: lazy(() => import('./certificates')),
    nav: { label: 'reviewer.nav.certificates', icon: 'key' },
  },
  { path: '/reviewer/certificates/:id', page: lazy(() => import('./certificate')) },
  {
    path: '/reviewer/complaints',
    page: lazy(() => import('./complaints')),
    nav: { label: 'reviewer.nav.complaints', icon: 'info' },
  },
  { path: '/reviewer/complaints/:id', page: lazy(() => import('./complaint')) },
] satisfies Area;
