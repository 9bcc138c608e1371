import { ORGANISATION_KINDS, type OrganisationKind } from '#persistence';
import { type ClassConstructor, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsLatitude,
  IsLongitude,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { applyDecorators } from '@nestjs/common';

const Day = () =>
  applyDecorators(Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a day such as 2026-03-01' }));
const Code = () =>
  applyDecorators(
    Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/, {
      message: '$property must be a code of letters, digits, dots and hyphens',
    }),
  );
const Many = (type: () => ClassConstructor<object>, max: number) =>
  applyDecorators(IsArray(), ArrayMinSize(1), ArrayMaxSize(max), ValidateNested({ each: true }), Type(type));

export class PageQuery {
  /** `nextCursor` of the page before. */
  @IsOptional() @IsString() @MaxLength(200) cursor?: string;
  /** Rows per page, 1 to 200. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) limit?: number;
}

export class AssessmentsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsIn(['self', 'baseline', 'follow-up', 'verification']) kind?: string;
  @IsOptional()
  @IsIn(['draft', 'in-progress', 'submitted', 'under-review', 'closed', 'reopened'])
  state?: string;
}

export class SitesQuery extends PageQuery {
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsString() @MaxLength(60) category?: string;
}

export class VisitsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsIn(['unplanned', 'planned', 'done', 'cancelled']) state?: string;
}

export class AuditQuery {
  /** `nextCursor` of the page before. */
  @IsOptional() @Matches(/^\d{1,15}$/) cursor?: string;
  /** Entries per page, 1 to 200. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) limit?: number;
  /** Table a change was made to, such as `assessment`. */
  @IsOptional() @Matches(/^[a-z_]{1,63}$/) subject?: string;
  /** Id of the person, or `worker`, `operator`, `grant:<id>`. */
  @IsOptional() @Length(1, 100) actor?: string;
  /** First day, UTC. */
  @IsOptional() @Day() from?: string;
  /** Last day, UTC. */
  @IsOptional() @Day() to?: string;
}

export class LeaveDto {
  /** The name of the organisation, typed by the person who ends its participation. */
  @Length(1, 200) confirm: string;
  /** Why it leaves; stands in the programmes' attrition. */
  @Length(1, 500) reason: string;
}

export class EraseDto {
  /** The e-mail address of the person who wants to be forgotten, typed by them. */
  @Length(3, 320) confirm: string;
}

export class NewOrganisationDto {
  @Length(1, 200) name: string;
  @IsIn(ORGANISATION_KINDS) kind: OrganisationKind;
  @IsISO31661Alpha2() country: string;
}

export class NewSiteDto {
  @IsUUID() organisationId: string;
  @Length(1, 200) name: string;
  @IsOptional() @MaxLength(200) city?: string;
  @IsISO31661Alpha2() country: string;
  @IsOptional() @IsLatitude() lat?: number;
  @IsOptional() @IsLongitude() lon?: number;
  @IsOptional() @IsArray() @ArrayMaxSize(20) @Length(1, 60, { each: true }) categories?: string[];
  @IsOptional() @IsArray() @ArrayMaxSize(10) @Length(2, 10, { each: true }) languages?: string[];
}

export class NewProgrammeDto {
  @IsUUID() organisationId: string;
  @Code() code: string;
  @Length(1, 200) name: string;
}

export class NewCohortDto {
  @IsUUID() programmeId: string;
  @Length(1, 200) name: string;
  @Day() startsOn: string;
  @IsOptional() @Day() endsOn?: string;
}

export class NewEnrolmentDto {
  @IsUUID() siteId: string;
  @Day() enrolledOn: string;
}

export class ExitDto {
  @Day() exitedOn: string;
  @Length(1, 200) reason: string;
}

export class NewAssessmentDto {
  @IsUUID() siteId: string;
  @IsOptional() @IsUUID() cohortId?: string;
  @IsIn(['self', 'baseline', 'follow-up', 'verification']) kind:
    'self' | 'baseline' | 'follow-up' | 'verification';
  /** Code of the checklist, for example `food-manufacturing`. */
  @Code() checklist: string;
  @Code() version: string;
  @Code() level: string;
  /** Code of the scoring profile, for example `programme-default`. */
  @Code() profile: string;
  @IsOptional() @Code() profileVersion?: string;
  /** Day on site. */
  @Day() assessedOn: string;
  /** Of a follow-up: the baseline; left out, the newest of the site. */
  @IsOptional() @IsUUID() baselineId?: string;
}

export class AnswerDto {
  @Code() requirement: string;
  /** Code of an answer option of the scoring profile. */
  @Code() answer: string;
  /** Why the requirement does not concern the site. */
  @IsOptional() @Length(1, 1000) naReason?: string;
  @IsOptional() @MaxLength(4000) note?: string;
}

export class AnswersDto {
  @Many(() => AnswerDto, 1000) answers: AnswerDto[];
}

export class ReviewDto {
  @IsIn(['take-review', 'return', 'close', 'reopen']) action: 'take-review' | 'return' | 'close' | 'reopen';
  /** Asked for by `return` and `reopen`. */
  @IsOptional() @Length(1, 1000) reason?: string;
}

export class NewCertificateDto {
  @IsUUID() assessmentId: string;
}

export class DecisionDto {
  @IsIn(['return', 'issue', 'suspend', 'restore', 'withdraw', 'supersede', 'reduce-scope'])
  action: 'return' | 'issue' | 'suspend' | 'restore' | 'withdraw' | 'supersede' | 'reduce-scope';
  @IsOptional() @Length(1, 1000) reason?: string;
}

export class SuppliersQuery {
  @IsOptional() @IsIn(['ready', 'conditional', 'not-ready', 'not-assessed']) status?: string;
}

export class AbsenceDto {
  @Day() from: string;
  @Day() to: string;
  @IsOptional() @MaxLength(200) reason?: string;
}

export class ContentImportDto {
  /** Files as text: YAML or JSON of a published format. All are published, or none. */
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(50) @IsString({ each: true }) files: string[];
}
