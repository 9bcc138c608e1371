import { ApiProperty } from '@nestjs/swagger';
import { IsISO31661Alpha2, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';

/** The form fields of an import; the files come beside them. */
export class ImportInspectionsDto {
  /** Name of a shipped mapping, such as `lexington_ky`. */
  @IsOptional() @IsString() @MaxLength(60) mappingName?: string;
  /** A mapping of your own (YAML), instead. */
  @IsOptional() @IsString() @MaxLength(200_000) mapping?: string;
  /** Country of the sites (ISO 3166); the records do not state it. */
  @IsOptional() @IsISO31661Alpha2() country?: string;
  /** The agency the sites will belong to; needed when you act for several. */
  @IsOptional() @IsUUID() organisationId?: string;
}

/** The whole form, for the API document. */
export class ImportInspectionsForm extends ImportInspectionsDto {
  /** `sites.csv`, `inspections.csv`, `findings.csv`, `items.csv`…, each as it is or packed as `.csv.gz`. */
  @ApiProperty({ type: 'array', items: { type: 'string', format: 'binary' } })
  files: unknown[];
}
