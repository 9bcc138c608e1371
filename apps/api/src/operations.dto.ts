import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
  IsOptional,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Code, Many } from './fields.dto.js';

/** By the clock of the device, which may be wrong by years. */
const DeviceTime = (): PropertyDecorator => (target, key) => {
  IsISO8601({ strict: true })(target, key as string);
  Matches(/^(19|2\d)\d\d-.{2,}T.{5,}(Z|[+-]\d\d:\d\d)$/, {
    message: '$property must be a moment such as 2026-03-01T09:30:00Z',
  })(target, key as string);
  MaxLength(40)(target, key as string);
};

/** Of an answer or a claim `answer`, with `naReason` where it says "not applicable"; of a note `note`. */
export class OperationValueDto {
  /** Code of an answer option of the scoring profile. */
  @IsOptional() @Code() answer?: string;
  /** Why the requirement does not concern the site. */
  @IsOptional() @Length(1, 1000) naReason?: string;
  @IsOptional() @Length(1, 4000) note?: string;
}

/** One thing that was entered. */
export class OperationDto {
  /** Made by the device, UUID version 7: sent again, it is the same operation. */
  @IsUUID() id: string;
  /** How many operations the device had made for this assessment with this one: 1, 2, 3, … */
  @IsInt() @Min(1) @Max(2_000_000_000) seq: number;
  @Code() requirement: string;
  /** The assessor's verdict, the supplier's claim beside it, or a note on the item. */
  @IsIn(['answer', 'claim', 'note']) field: 'answer' | 'claim' | 'note';
  /** null: taken back. */
  @ValidateIf((dto: OperationDto) => dto.value !== null)
  @IsObject()
  @ValidateNested()
  @Type(() => OperationValueDto)
  value: OperationValueDto | null;
  /** Ids of the operations that made up what the person saw; empty: nothing had been entered. */
  // Of any shape: those of answers from before there was a log were made of what they are about.
  @IsArray() @ArrayMaxSize(100) @IsUUID('loose', { each: true }) base: string[];
  /** Done in view of operations that still waited: it doesn't wait with them. */
  @IsOptional() @IsBoolean() settles?: boolean;
  /** When it was done by the clock of the device, which may be wrong by years. */
  @DeviceTime() capturedAt: string;
}

/** What a device has done: at most 500 operations at a time. */
export class OperationsDto {
  /** The installation: made once, kept as long as it is there. */
  @IsUUID() device: string;
  /** `checklistHash` of the copy on the device. */
  @Matches(/^[0-9a-f]{64}$/) checklistHash: string;
  /** The clock of the device when it sends this: how wrong it is is kept with each. */
  @IsOptional() @DeviceTime() sentAt?: string;
  @Many(() => OperationDto, 500) operations: OperationDto[];
}

export class OfflineQuery {
  /** The installation that takes it along; left out, nothing is noted. */
  @IsOptional() @IsUUID() device?: string;
  @IsOptional() @MaxLength(20) lang?: string;
}

export class ChangesQuery {
  /** `revision` of the copy or of the last changes. */
  @Type(() => Number) @IsInt() @Min(0) @Max(2_000_000_000) since: number;
  /** The installation that asks: which of its own operations have come is said, too. */
  @IsOptional() @IsUUID() device?: string;
}
