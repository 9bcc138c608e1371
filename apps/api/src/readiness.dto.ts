import { IsIn, IsOptional } from 'class-validator';

export class SuppliersQuery {
  @IsOptional() @IsIn(['ready', 'conditional', 'not-ready', 'not-assessed']) status?: string;
}
