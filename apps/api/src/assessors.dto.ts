import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsEmail,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsLatitude,
  IsLongitude,
  IsOptional,
  IsUUID,
  Length,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { PAID_BY, type PaidBy } from '#application';
import { ENGAGEMENT_ROLES, type EngagementRole } from '#domain';
import { Code, Day, Flag, PageQuery } from './fields.dto.js';

export class AssessorsQuery {
  @IsOptional() @IsIn(['assessor', 'mentor']) part?: 'assessor' | 'mentor';
  @IsOptional() @IsUUID() organisationId?: string;
  /** Code of a checklist. */
  @IsOptional() @Code() competence?: string;
}

export class NewAssessorDto {
  /** The person; a member of the organisation in the role of `part`. */
  @ValidateIf((dto: NewAssessorDto) => dto.email === undefined || dto.userId !== undefined)
  @IsUUID()
  userId?: string;
  /** Instead of `userId`: their address. */
  @ValidateIf((dto: NewAssessorDto) => dto.email !== undefined)
  @IsEmail()
  @MaxLength(254)
  email?: string;
  @IsUUID() organisationId: string;
  @IsIn(['assessor', 'mentor']) part: 'assessor' | 'mentor';
  /** Whose public holidays count. */
  @IsISO31661Alpha2() country: string;
  /** Where journeys begin. */
  @IsOptional() @IsLatitude() lat?: number;
  @IsOptional() @IsLongitude() lon?: number;
  /** Codes of checklists. */
  @IsArray() @ArrayMaxSize(50) @Length(1, 60, { each: true }) competences: string[];
  @IsArray() @ArrayMaxSize(10) @Length(2, 10, { each: true }) languages: string[];
  /** 1 Monday to 7 Sunday. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(7)
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(7, { each: true })
  workingDays: number[];
  @IsOptional() @IsInt() @Min(1) @Max(14) maxVisitsPerWeek?: number;
}

/** What is left out stays as it is. Null takes coordinates or the limit away. */
export class AssessorPatchDto {
  @ValidateIf((dto: AssessorPatchDto) => dto.part !== undefined) @IsIn(['assessor', 'mentor']) part?:
    'assessor' | 'mentor';
  @ValidateIf((dto: AssessorPatchDto) => dto.country !== undefined) @IsISO31661Alpha2() country?: string;
  @IsOptional() @IsLatitude() lat?: number | null;
  @IsOptional() @IsLongitude() lon?: number | null;
  @ValidateIf((dto: AssessorPatchDto) => dto.competences !== undefined)
  @IsArray()
  @ArrayMaxSize(50)
  @Length(1, 60, { each: true })
  competences?: string[];
  @ValidateIf((dto: AssessorPatchDto) => dto.languages !== undefined)
  @IsArray()
  @ArrayMaxSize(10)
  @Length(2, 10, { each: true })
  languages?: string[];
  /** 1 Monday to 7 Sunday. */
  @ValidateIf((dto: AssessorPatchDto) => dto.workingDays !== undefined)
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(7)
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(7, { each: true })
  workingDays?: number[];
  @IsOptional() @IsInt() @Min(1) @Max(14) maxVisitsPerWeek?: number | null;
}

export class AbsenceDto {
  @Day() from: string;
  @Day() to: string;
  @IsOptional() @MaxLength(200) reason?: string;
}

export class PeriodQuery {
  /** Default: today. */
  @IsOptional() @Day() from?: string;
  /** Default: half a year on; at most two years. */
  @IsOptional() @Day() to?: string;
}

export class EngagementsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @Length(1, 60) personId?: string;
  /** Still going on. */
  @Flag() open?: boolean;
}

export class NewEngagementDto {
  /** Who; left out: the organisation's people, not named. */
  @IsOptional() @IsUUID() personId?: string;
  /** On whose behalf; left out: the organisation the person does field work for. */
  @IsOptional() @IsUUID() organisationId?: string;
  @IsUUID() siteId: string;
  @IsIn(ENGAGEMENT_ROLES) role: EngagementRole;
  @Day() from: string;
  /** Left out: still going on. */
  @IsOptional() @Day() until?: string;
  /** Who pays for it. */
  @IsOptional() @IsIn(PAID_BY) paidBy?: PaidBy;
  /** What risk to impartiality was seen, and how it is removed. */
  @IsOptional() @Length(1, 1000) declaration?: string;
}

export class EngagementEndDto {
  @Day() until: string;
}
