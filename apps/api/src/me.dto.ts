import { IsOptional, IsString, MaxLength } from 'class-validator';

export class MeDto {
  /** Language of the mails: en, es or ar. */
  @IsOptional() @IsString() @MaxLength(35) language?: string | null;
  /** IANA name such as Africa/Cairo. */
  @IsOptional() @IsString() @MaxLength(64) timeZone?: string | null;
}
