import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

export class PartQuery {
  /** Language of the page. */
  @IsOptional() @IsString() lang?: string;
  /** Which part of a report that is too long for one page, from 1. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) part?: number;
}
