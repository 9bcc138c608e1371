import { IsIn, IsOptional } from 'class-validator';

const STATUSES = ['ready', 'conditional', 'not-ready', 'not-assessed'] as const;

export class SuppliersQuery {
  @IsOptional() @IsIn(STATUSES) status?: string;
}

export class SupplierTableQuery {
  /** `approved`: ready or conditional. Left out: every site, those that share nothing included. */
  @IsOptional() @IsIn(['approved', ...STATUSES]) status?: (typeof STATUSES)[number] | 'approved';
}
