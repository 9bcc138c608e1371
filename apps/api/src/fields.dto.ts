import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { type ClassConstructor, Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

/** A day, `YYYY-MM-DD`. */
export const Day = () =>
  applyDecorators(Matches(/^\d{4}-\d{2}-\d{2}$/, { message: '$property must be a day such as 2026-03-01' }));
/** A published code. */
export const Code = () =>
  applyDecorators(
    Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/, {
      message: '$property must be a code of letters, digits, dots and hyphens',
    }),
  );
/** A list of nested values. */
export const Many = (type: () => ClassConstructor<object>, max: number) =>
  applyDecorators(IsArray(), ArrayMinSize(1), ArrayMaxSize(max), ValidateNested({ each: true }), Type(type));

/** `true` or `false` in an address. */
export const Flag = () =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean }),
    IsOptional(),
    Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value)),
    IsBoolean(),
  );

export class PageQuery {
  /** `nextCursor` of the page before. */
  @IsOptional() @IsString() @MaxLength(200) cursor?: string;
  /** Rows per page, 1 to 1,000; what takes long to work out comes in smaller pages. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(1000) limit?: number;
}
