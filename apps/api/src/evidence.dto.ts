import { type EvidenceState, MOST_EVIDENCE } from '#domain';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Code, PageQuery } from './fields.dto.js';

const HASH = /^[0-9a-f]{64}$/;
const hash = { message: '$property must be SHA-256 in small hexadecimal digits' };

export class NewEvidenceDto {
  /** SHA-256 of the file, in small hexadecimal digits. */
  @Matches(HASH, hash) sha256: string;
  /** Bytes of the file; at most 52,428,800 (50 MB). */
  @IsInt() @Min(1) @Max(2_147_483_647) size: number;
  /** Code of the requirement; left out: the assessment as a whole. */
  @IsOptional() @Code() requirement?: string;
  /** The correction of a finding it belongs to; it says of which requirement. Left out: it is put forward for an answer. */
  @IsOptional() @IsUUID() correctionId?: string;
  /** What it is called on the device. */
  @IsOptional() @Length(1, 200) fileName?: string;
  /** What is to be seen. */
  @IsOptional() @MaxLength(2000) caption?: string;
  /** When it was taken, as the device says: a moment such as `2026-03-01T09:30:00+02:00`. */
  @IsOptional()
  @Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/, {
    message: '$property must be a moment such as 2026-03-01T09:30:00+02:00',
  })
  capturedAt?: string;
  /** Which device it is from, as that calls itself. */
  @IsOptional() @Length(1, 100) deviceId?: string;
}

export class EvidencePatchDto {
  /** What is to be seen; null: nothing is said. */
  @IsOptional() @MaxLength(2000) caption?: string | null;
}

export class EvidenceQuery extends PageQuery {
  /** Only what is put forward for this requirement. */
  @IsOptional() @Code() requirement?: string;
  @IsOptional() @IsIn(['awaited', 'received', 'ready']) state?: EvidenceState;
}

export class HashesDto {
  /** SHA-256 of files, in small hexadecimal digits. */
  @IsArray() @ArrayMaxSize(MOST_EVIDENCE) @Matches(HASH, { ...hash, each: true }) sha256: string[];
}
