import type { Area } from '#web/areas';
import { SuppliersPage } from './suppliers';

export default [
  { path: '/buyer', page: SuppliersPage, nav: { label: 'buyer.nav.suppliers', icon: 'site' } },
] satisfies Area;
