import { type Locale, LOCALES } from '#reporting';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from './fields.dto.js';

const STATUSES = ['ready', 'conditional', 'not-ready', 'not-assessed'] as const;

export class SuppliersQuery {
  @IsOptional() @IsIn(STATUSES) status?: string;
}

export class BuyerSitesQuery extends PageQuery {
  /** Language of the texts. */
  @IsOptional() @IsIn(LOCALES) lang?: Locale;
}

export class SupplierTableQuery {
  /** `approved`: ready or conditional. Left out: every site, those that share nothing included. */
  @IsOptional() @IsIn(['approved', ...STATUSES]) status?: (typeof STATUSES)[number] | 'approved';
  /** Language of the texts. */
  @IsOptional() @IsIn(LOCALES) lang?: Locale;
}
