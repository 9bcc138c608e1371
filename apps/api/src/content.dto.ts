import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsOptional, IsString } from 'class-validator';

export class ContentImportDto {
  /** Files as text: YAML or JSON of a published format. All are published, or none. */
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(50) @IsString({ each: true }) files: string[];
  /** Only looks whether they could be published. */
  @IsOptional() @IsBoolean() check?: boolean;
}
