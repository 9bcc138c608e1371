import { IsIn, IsOptional, IsUUID, Length } from 'class-validator';

export class NewCertificateDto {
  @IsUUID() assessmentId: string;
}

export class DecisionDto {
  @IsIn(['return', 'issue', 'suspend', 'restore', 'withdraw', 'supersede', 'reduce-scope'])
  action: 'return' | 'issue' | 'suspend' | 'restore' | 'withdraw' | 'supersede' | 'reduce-scope';
  @IsOptional() @Length(1, 1000) reason?: string;
}
