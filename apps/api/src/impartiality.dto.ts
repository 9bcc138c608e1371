import {
  IMPARTIALITY_RULE_CODES,
  type ImpartialityRule,
  type OrganisationType,
  type RuleSetting,
} from '#domain';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsUUID,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Day, PageQuery } from './fields.dto.js';

export class TypedOrganisationDto {
  @IsUUID() organisationId: string;
  /** A: third party; B: in-house, for its own organisation only; C: mixed, duties apart. */
  @IsIn(['A', 'B', 'C']) type: OrganisationType;
  /** Of type B: whom it assesses for, besides itself. */
  @IsOptional() @IsArray() @ArrayMaxSize(50) @IsUUID(undefined, { each: true }) serves?: string[];
}

export class OrganisationTypesDto {
  /** Type by kind of organisation, for example `{ "assessment-provider": "A" }`. */
  @IsObject() byKind: Record<string, OrganisationType>;
  /** Organisations of another type than their kind has. */
  @IsArray()
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => TypedOrganisationDto)
  organisations: TypedOrganisationDto[];
}

export class ComplaintDaysDto {
  @IsInt() @Min(1) @Max(366) acknowledgeDays: number;
  @IsInt() @Min(1) @Max(366) decideDays: number;
}

/** All of the rules; none of them is left out. */
export class ImpartialityRulesDto {
  /** Months that must have passed since the last day of coaching. */
  @IsInt() @Min(0) @Max(120) lookBackMonths: number;
  /** `block` or `allow-with-reason`, by the code of the rule. */
  @IsObject() rules: Record<ImpartialityRule, RuleSetting>;
  @IsObject() @ValidateNested() @Type(() => OrganisationTypesDto) organisationTypes: OrganisationTypesDto;
  /** Days in which complaints and appeals are acknowledged and decided. */
  @IsObject() @ValidateNested() @Type(() => ComplaintDaysDto) complaints: ComplaintDaysDto;
}

export class DutyQuery {
  /** As if the caller took this duty: what stands in their own way is then among the breaches. */
  @IsOptional() @IsIn(['assessor', 'reviewer', 'decider']) as?: 'assessor' | 'reviewer' | 'decider';
}

export class ExceptionsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() assessmentId?: string;
  @IsOptional() @IsUUID() programmeId?: string;
}

/** For one assessment; or, before it is opened, for those of a site that are held in a period. */
export class NewExceptionDto {
  @IsIn(IMPARTIALITY_RULE_CODES as string[]) rule: ImpartialityRule;
  /** Who may do it all the same. */
  @IsUUID() personId: string;
  /** Why; it stands on everything that rests on it, in public on a certificate. Names nobody. */
  @Length(10, 1000) reason: string;
  @IsOptional() @IsUUID() assessmentId?: string;
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() programmeId?: string;
  /** Default: today. */
  @IsOptional() @Day() validFrom?: string;
  /** At most a year after the first day. */
  @IsOptional() @Day() validUntil?: string;
}
