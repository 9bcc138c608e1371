import { Type } from 'class-transformer';
import { IsInt, IsOptional, Length, Matches, Max, Min } from 'class-validator';
import { Day } from './fields.dto.js';

export class AuditQuery {
  /** `nextCursor` of the page before. */
  @IsOptional() @Matches(/^\d{1,15}$/) cursor?: string;
  /** Entries per page, 1 to 200. */
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(200) limit?: number;
  /** Table a change was made to, such as `assessment`. */
  @IsOptional() @Matches(/^[a-z_]{1,63}$/) subject?: string;
  /** Id of the person, or `worker`, `operator`, `grant:<id>`. */
  @IsOptional() @Length(1, 100) actor?: string;
  /** By what the person acted: `token:<id>` of an API token, `e-mail-link`, `invitation:<id>`. */
  @IsOptional() @Length(1, 100) by?: string;
  /** First day, UTC. */
  @IsOptional() @Day() from?: string;
  /** Last day, UTC. */
  @IsOptional() @Day() to?: string;
}
