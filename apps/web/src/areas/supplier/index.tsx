import type { Area } from '#web/areas';
import { SitesPage } from './sites';

export default [
  { path: '/supplier', page: SitesPage, nav: { label: 'supplier.nav.sites', icon: 'site' } },
] satisfies Area;
