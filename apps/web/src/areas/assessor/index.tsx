import type { Area } from '#web/areas';
import { AssessmentsPage } from './assessments';

export default [
  { path: '/assessor', page: AssessmentsPage, nav: { label: 'assessor.nav.assessments', icon: 'list' } },
] satisfies Area;
