import { lazy } from 'react';
import { type Area, withTexts } from '#web/areas';
import { AssessmentsPage } from './assessments';

export default [
  { path: '/assessor', page: AssessmentsPage, nav: { label: 'assessor.nav.assessments', icon: 'list' } },
  {
    path: '/assessor/visits',
    page: lazy(withTexts('roster', () => import('./visits'))),
    nav: { label: 'assessor.nav.visits', icon: 'clock' },
  },
  {
    path: '/assessor/coaching',
    page: lazy(withTexts('roster', () => import('#web/roster/coaching'))),
    nav: { label: 'assessor.coaching.title', icon: 'people', role: 'mentor' },
  },
  {
    path: '/assessor/corrections',
    page: lazy(withTexts('checklist', () => import('./corrections'))),
    nav: { label: 'assessor.nav.corrections', icon: 'check', role: 'mentor' },
  },
  {
    path: '/assessor/corrections/:id',
    page: lazy(withTexts('supplier', () => import('../supplier/findings'))),
  },
  {
    path: '/assessor/saved',
    page: lazy(withTexts('checklist', () => import('#web/checklist/saved'))),
  },
  { path: '/assessor/new', page: lazy(withTexts('checklist', () => import('./new'))) },
  {
    path: '/assessor/assessments/:id',
    page: lazy(withTexts('checklist', () => import('#web/checklist/page'))),
  },
  {
    path: '/assessor/assessments/:id/review',
    page: lazy(withTexts('checklist', () => import('#web/checklist/review'))),
  },
] satisfies Area;
