import { EXIT_REASONS, type ExitReason } from '#domain';
import { IsIn, IsOptional, Length } from 'class-validator';

export class LeaveDto {
  /** The name of the organisation, typed by the person who ends its participation. */
  @Length(1, 200) confirm: string;
  /** Why it leaves; stands in the programmes' attrition. */
  @IsIn(EXIT_REASONS) reason: ExitReason;
  /** What there is to say beyond the code; asked for by `other`. */
  @IsOptional() @Length(1, 1000) note?: string;
}

export class EraseDto {
  /** The e-mail address of the person who wants to be forgotten, typed by them. */
  @Length(3, 320) confirm: string;
}
