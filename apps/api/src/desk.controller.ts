import { type Actor, DeskService, pageRequest } from '#application';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PageQuery } from './fields.dto.js';
import { CurrentActor } from './http/auth.js';

@ApiTags('desk')
@Controller('api/v1')
export class DeskController {
  constructor(private readonly desk: DeskService) {}

  /** What waits for the caller to review or decide, since when, and what of impartiality keeps them from it. At most 50 a page. */
  @Get('desk')
  tasks(@CurrentActor() actor: Actor, @Query() query: PageQuery) {
    return this.desk.tasks(actor, pageRequest(query.cursor, query.limit));
  }
}
