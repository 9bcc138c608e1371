import { type Locale, LOCALES } from '#reporting';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsOptional, IsString } from 'class-validator';

export class ContentImportDto {
  /** Files as text: YAML or JSON of a published format. All are published, or none. */
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(50) @IsString({ each: true }) files: string[];
  /** Only looks whether they could be published. */
  @IsOptional() @IsBoolean() check?: boolean;
}

export class TextsQuery {
  @IsOptional() @IsIn(LOCALES) lang?: Locale;
}
