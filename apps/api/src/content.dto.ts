import { type Locale, LOCALES } from '#reporting';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  ValidateNested,
} from 'class-validator';

export class ContentImportDto {
  /** Files as text: YAML or JSON of a published format. All are published, or none. */
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(50) @IsString({ each: true }) files: string[];
  /** Only looks whether they could be published. */
  @IsOptional() @IsBoolean() check?: boolean;
}

export class TextsQuery {
  @IsOptional() @IsIn(LOCALES) lang?: Locale;
}

export class EditionDto {
  @Length(1, 100) checklist: string;
  @Length(1, 50) version: string;
}

export class WithdrawalDto {
  /** Shown to whoever would begin with the version, and to those who are at work with it. */
  @Length(1, 2000) reason: string;
  /** What to begin with instead: a published version that isn't withdrawn. */
  @IsOptional() @IsObject() @ValidateNested() @Type(() => EditionDto) successor?: EditionDto;
}
