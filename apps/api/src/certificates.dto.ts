import type { CertificateState } from '#domain';
import { IsIn, IsOptional, IsUUID, Length } from 'class-validator';
import { PageQuery } from './fields.dto.js';

export class CertificatesQuery extends PageQuery {
  @IsOptional()
  @IsIn(['draft', 'under-review', 'valid', 'suspended', 'withdrawn', 'superseded'])
  state?: CertificateState;
}

export class NewCertificateDto {
  @IsUUID() assessmentId: string;
}

export class DecisionDto {
  @IsIn(['return', 'issue', 'suspend', 'restore', 'withdraw', 'supersede', 'reduce-scope'])
  action: 'return' | 'issue' | 'suspend' | 'restore' | 'withdraw' | 'supersede' | 'reduce-scope';
  @IsOptional() @Length(1, 1000) reason?: string;
}
