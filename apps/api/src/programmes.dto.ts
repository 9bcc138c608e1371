import { EXIT_REASONS, type ExitReason } from '#domain';
import { PARTS, type Part } from '#persistence';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsTimeZone,
  IsUUID,
  Length,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Code, Day, Flag, PageQuery } from './fields.dto.js';

export class NewProgrammeDto {
  @IsUUID() organisationId: string;
  @Code() code: string;
  @Length(1, 200) name: string;
}

/** A figure that somebody claimed elsewhere, with where it comes from. Text; never computed. */
export class ClaimDto {
  @Length(1, 60) figure: string;
  @Length(1, 1000) text: string;
  @Length(1, 200) unit: string;
  @Length(1, 500) source: string;
}

/** What is left out stays as it is. */
export class ProgrammePatchDto {
  @ValidateIf((dto: ProgrammePatchDto) => dto.name !== undefined) @Length(1, 200) name?: string;
  /** IANA name, for example `Africa/Cairo`. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.timeZone !== undefined) @IsTimeZone() timeZone?: string;
  /** Months for which a coach may not assess the site. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.lookBackMonths !== undefined)
  @IsInt()
  @Min(0)
  @Max(120)
  lookBackMonths?: number;
  /** Years for which the audit trail, complaints and what left organisations had are kept. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.auditRetentionYears !== undefined)
  @IsInt()
  @Min(1)
  @Max(100)
  auditRetentionYears?: number;
  /** Whether photographs keep where they were taken. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.evidenceLocation !== undefined)
  @IsBoolean()
  evidenceLocation?: boolean;
  /** Whether a device in the field shows the baseline's answers beside a follow-up's. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.fieldBaseline !== undefined)
  @IsBoolean()
  fieldBaseline?: boolean;
  /** Whether it shows the score while answers are being given. */
  @ValidateIf((dto: ProgrammePatchDto) => dto.fieldScores !== undefined)
  @IsBoolean()
  fieldScores?: boolean;
  @ValidateIf((dto: ProgrammePatchDto) => dto.claims !== undefined)
  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => ClaimDto)
  claims?: ClaimDto[];
}

export class NewParticipantDto {
  @IsUUID() organisationId: string;
  @IsIn(PARTS) part: Part;
}

export class ConfirmQuery {
  /** The consequences are known and wanted. */
  @Flag() confirm?: boolean;
}

export class CohortsQuery {
  @IsOptional() @IsUUID() programmeId?: string;
}

export class NewCohortDto {
  @IsUUID() programmeId: string;
  @Length(1, 200) name: string;
  @Day() startsOn: string;
  @IsOptional() @Day() endsOn?: string;
}

/** What is left out stays as it is. */
export class CohortPatchDto {
  @ValidateIf((dto: CohortPatchDto) => dto.name !== undefined) @Length(1, 200) name?: string;
  @ValidateIf((dto: CohortPatchDto) => dto.startsOn !== undefined) @Day() startsOn?: string;
  /** Null: without an end. */
  @IsOptional() @Day() endsOn?: string | null;
}

export class EnrolmentsQuery extends PageQuery {
  @IsOptional() @IsIn(['open', 'exited']) state?: 'open' | 'exited';
  /** Why they left. */
  @IsOptional() @IsIn(EXIT_REASONS) reason?: ExitReason;
}

export class NewEnrolmentDto {
  @IsUUID() siteId: string;
  @Day() enrolledOn: string;
  /** Of owners: the code that the programme has given out. */
  @IsOptional() @Length(1, 100) joiningCode?: string;
}

export class ExitDto {
  @Day() exitedOn: string;
  @IsIn(EXIT_REASONS) reason: ExitReason;
  /** What there is to say beyond the code; asked for by `other`. */
  @IsOptional() @Length(1, 1000) note?: string;
}
