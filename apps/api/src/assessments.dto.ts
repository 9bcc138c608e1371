import { MOST_REMARKS } from '#domain';
import { IsIn, IsOptional, IsUUID, Length, MaxLength } from 'class-validator';
import { Code, Day, Many, PageQuery } from './fields.dto.js';

export class AssessmentsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsIn(['self', 'baseline', 'follow-up', 'verification']) kind?: string;
  @IsOptional()
  /** Void ones come only when they are asked for. */
  @IsIn(['draft', 'in-progress', 'submitted', 'under-review', 'closed', 'reopened', 'void'])
  state?: string;
  /** `assessor`: those alone that the caller assesses. */
  @IsOptional() @IsIn(['assessor']) as?: 'assessor';
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

/** One answer; the requirement stands in the address. */
export class VerdictDto {
  /** Code of an answer option of the scoring profile. */
  @Code() answer: string;
  /** Why the requirement does not concern the site. */
  @IsOptional() @Length(1, 1000) naReason?: string;
  @IsOptional() @MaxLength(4000) note?: string;
}

export class AnswerDto extends VerdictDto {
  @Code() requirement: string;
}

export class AnswersDto {
  @Many(() => AnswerDto, 1000) answers: AnswerDto[];
}

/** What is in question about one item. */
export class RemarkDto {
  @Code() requirement: string;
  @Length(1, 1000) text: string;
}

export class ReviewDto {
  @IsIn(['take-review', 'return', 'close', 'reopen']) action: 'take-review' | 'return' | 'close' | 'reopen';
  /** Asked for by `return` and `reopen`. */
  @IsOptional() @Length(1, 1000) reason?: string;
  /** With `return` and `reopen`: items that are in question, each with a remark. */
  @IsOptional() @Many(() => RemarkDto, MOST_REMARKS) remarks?: RemarkDto[];
}
