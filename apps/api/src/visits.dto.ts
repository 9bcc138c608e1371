import { IsIn, IsOptional, IsUUID, Length } from 'class-validator';
import { Day, PageQuery } from './fields.dto.js';

export class VisitsQuery extends PageQuery {
  @IsOptional() @IsUUID() siteId?: string;
  @IsOptional() @IsUUID() cohortId?: string;
  @IsOptional() @IsIn(['unplanned', 'planned', 'done', 'aborted', 'cancelled']) state?: string;
}

export class MoveDto {
  /** A day of the visit's window, from tomorrow on. */
  @Day() plannedOn: string;
}

export class OutcomeDto {
  @IsIn(['done', 'aborted']) outcome: 'done' | 'aborted';
  /** Asked for by `aborted`. */
  @IsOptional() @Length(1, 1000) reason?: string;
}
