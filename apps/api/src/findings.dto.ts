import { FINDING_GRADES, type FindingGrade } from '#domain';
import { IsIn, IsOptional, IsUUID, Length } from 'class-validator';
import { Day, Flag, PageQuery } from './fields.dto.js';

export class FindingsQuery extends PageQuery {
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsIn(FINDING_GRADES) grade?: FindingGrade;
  /** Not closed yet. */
  @Flag() open?: boolean;
  /** Open past the last day to close it. */
  @Flag() overdue?: boolean;
  /** With a correction that was handed in and waits to be looked at. */
  @Flag() corrected?: boolean;
}

export class CorrectionDto {
  /** What was done. */
  @Length(1, 4000) note: string;
}

export class ClosureDto {
  /** Day on which it was seen to be mended; from the day of the assessment until today. */
  @Day() closedOn: string;
  /** What was seen. */
  @Length(1, 4000) note: string;
}

export class ReasonDto {
  @Length(1, 1000) reason: string;
}
