import {
  COMPLAINT_KINDS,
  COMPLAINT_OUTCOMES,
  COMPLAINT_SUBJECTS,
  type ComplaintAction,
  type ComplaintKind,
  type ComplaintOutcome,
  type ComplaintState,
  type ComplaintSubject,
} from '#domain';
import { IsBoolean, IsIn, IsOptional, IsUUID, Length } from 'class-validator';
import { Flag, PageQuery } from './fields.dto.js';

export class ComplaintsQuery extends PageQuery {
  @IsOptional() @IsUUID() programmeId?: string;
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional()
  @IsIn(['received', 'acknowledged', 'under-investigation', 'decided', 'closed', 'withdrawn'])
  state?: ComplaintState;
  @IsOptional() @IsIn(COMPLAINT_KINDS) kind?: ComplaintKind;
  /** Past a day of its clock. */
  @Flag() overdue?: boolean;
}

export class NewComplaintDto {
  /** An appeal is the supplier's, against a finding, a result or a decision; anybody concerned may complain. */
  @IsIn(COMPLAINT_KINDS) kind: ComplaintKind;
  @IsIn(COMPLAINT_SUBJECTS) about: ComplaintSubject;
  /** Id of the assessment, finding or certificate, or user id of the assessor. */
  @IsUUID() subjectId: string;
  /** Whose people handle it; needed about an assessor. */
  @IsOptional() @IsUUID() programmeId?: string;
  @Length(1, 4000) text: string;
  /** Whom it is about isn't told by whom it was raised. */
  @IsOptional() @IsBoolean() confidential?: boolean;
  /** For whom the person speaks; left out: for themselves. */
  @IsOptional() @IsUUID() organisationId?: string;
}

export class ComplaintStepDto {
  @IsIn(['acknowledge', 'investigate', 'decide', 'close', 'withdraw']) action: ComplaintAction;
  /** Asked for by `decide`; told to everybody who sees the complaint. */
  @IsOptional() @Length(1, 4000) reason?: string;
  /** Of `decide`. */
  @IsOptional() @IsIn(COMPLAINT_OUTCOMES) outcome?: ComplaintOutcome;
  /** Takes the assessment up again because an appeal was upheld. */
  @IsOptional() @IsBoolean() reopen?: boolean;
}
