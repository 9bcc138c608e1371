import { type Charter, type NewGrant } from '#application';
import { DomainError, type GrantTerms, SCOPES, type Scope } from '#domain';
import { LOCALES, type Locale } from '#reporting';
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Day } from './fields.dto.js';

const Scopes = () => applyDecorators(IsArray(), ArrayMaxSize(SCOPES.length), IsIn(SCOPES, { each: true }));
const Sites = () =>
  applyDecorators(IsArray(), ArrayMinSize(1), ArrayMaxSize(200), IsUUID(undefined, { each: true }));

export class ConsentChangeDto implements Partial<GrantTerms> {
  @IsOptional() @Sites() siteIds?: string[];
  /** A scope brings with it what it implies: `answers` the section scores, those the score. */
  @IsOptional() @Scopes() scopes?: Scope[];
  @IsOptional() @Length(1, 500) purpose?: string;
  /** Last day on which it gives anything; at most two years away. */
  @IsOptional() @Day() until?: string;
}

export class NewConsentDto {
  @Sites() siteIds: string[];
  /** A scope brings with it what it implies: `answers` the section scores, those the score. */
  @Scopes() scopes: Scope[];
  /** What it is for; shown to the recipient. */
  @Length(1, 500) purpose: string;
  /** Last day on which it gives anything; at most two years away. */
  @Day() until: string;
  /** An organisation from the directory. Left out: a person without an account, who gets a link. */
  @IsOptional() @IsUUID() granteeId?: string;
  /** Of the person who gets a link. */
  @IsOptional() @Length(1, 200) @Matches(/^[^\p{Cc}]*$/u) recipientName?: string;
  @IsOptional() @IsEmail() @MaxLength(254) recipientEmail?: string;
  /** Language of the letters to the person who gets a link. */
  @IsOptional() @IsIn(LOCALES) language?: Locale;
}

/** @throws DomainError `grant-invalid` unless it names either an organisation or a person. */
export function newGrant({ granteeId, recipientName, recipientEmail, ...rest }: NewConsentDto): NewGrant {
  if (granteeId && !recipientName && !recipientEmail)
    return { ...rest, recipient: { organisationId: granteeId } };
  if (!granteeId && recipientName && recipientEmail)
    return { ...rest, recipient: { name: recipientName, email: recipientEmail } };
  throw new DomainError('grant-invalid', 'A consent has one recipient.', [
    {
      field: granteeId ? '/recipientEmail' : '/granteeId',
      message: 'not one recipient',
      fix: 'Give either granteeId, or recipientName and recipientEmail.',
    },
  ]);
}

export class DirectoryQuery {
  /** Part of the name, 2 characters or more. */
  @IsString() @Length(2, 100) search: string;
}

export class DirectoryEntryDto {
  /** Whether others find the organisation by its name. */
  @IsBoolean() listed: boolean;
  /** Language of the mail it gets. */
  @IsIn(LOCALES) language: Locale;
}

export class SharedQuery {
  /** Language of the page. */
  @IsOptional() @IsString() lang?: string;
  /** Which of several sites, from 1. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) site?: number;
}

export class CharterDto implements Charter {
  /** What buyers of the programme see of every enrolled site; empty: nothing without the supplier's own consent. */
  @Scopes() buyerScopes: Scope[];
  /** Whether donors and authorities that take part get aggregates. */
  @IsBoolean() donorAggregates: boolean;
  /** Whether anybody gets them. */
  @IsBoolean() publicAggregates: boolean;
  /** Smallest number of sites a published figure may be about. */
  @IsInt() @Min(3) @Max(100) smallestGroup: number;
}
