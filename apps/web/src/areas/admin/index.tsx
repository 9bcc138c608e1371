import { lazy } from 'react';
import type { Area } from '#web/areas';
import { PeoplePage } from './people';

export default [
  { path: '/admin', page: PeoplePage, nav: { label: 'admin.nav.people', icon: 'people' } },
  {
    path: '/admin/organisations',
    page: lazy(() => import('./organisations')),
    nav: { label: 'admin.nav.organisations', icon: 'site' },
  },
  {
    path: '/admin/checklists',
    page: lazy(() => import('./checklists')),
    nav: { label: 'admin.nav.checklists', icon: 'list' },
  },
  { path: '/admin/checklists/import', page: lazy(() => import('./content-import')) },
  { path: '/admin/checklists/:checklist/:version', page: lazy(() => import('./checklist')) },
  {
    path: '/admin/profiles',
    page: lazy(() => import('./profiles')),
    nav: { label: 'admin.nav.profiles', icon: 'chart' },
  },
  { path: '/admin/profiles/:profile/:version', page: lazy(() => import('./profile')) },
  {
    path: '/admin/audit',
    page: lazy(() => import('./audit')),
    nav: { label: 'admin.nav.audit', icon: 'clock' },
  },
  {
    path: '/admin/tokens',
    page: lazy(() => import('./tokens')),
    nav: { label: 'admin.nav.tokens', icon: 'key' },
  },
  {
    path: '/admin/jobs',
    page: lazy(() => import('./jobs')),
    nav: { label: 'admin.nav.jobs', icon: 'major', administrators: true },
  },
] satisfies Area;
