import { TOKEN_SCOPES, type TokenScope } from '#application';
import { type Locale, LOCALES } from '#domain';
import { ROLES, type Role } from '#persistence';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

export class NewInvitationDto {
  @IsEmail() @MaxLength(254) email: string;
  @IsIn(ROLES) role: Role;
  /** Of the mail; English unless said. */
  @IsOptional() @IsIn(LOCALES) language?: Locale;
}

export class AcceptanceDto {
  /** The secret of the link in the mail. */
  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: '$property must be what the link in the mail holds' })
  token: string;
  /** To make an account: the name it shows. */
  @IsOptional() @IsString() @Length(1, 200) name?: string;
  /** To make an account: at least twelve characters. */
  @IsOptional() @IsString() @Length(12, 128) password?: string;
}

export class NewApiTokenDto {
  /** What the token is for. */
  @IsString() @Length(1, 200) name: string;
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(TOKEN_SCOPES.length)
  @IsIn(TOKEN_SCOPES, { each: true })
  scopes: TokenScope[];
  /** Days until it expires: 1 to 365. */
  @IsInt() @Min(1) @Max(365) expiresInDays: number;
}
