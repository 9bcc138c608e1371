import { type Actor, ComplaintsService, pageRequest } from '#application';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ComplaintsQuery, ComplaintStepDto, NewComplaintDto } from './complaints.dto.js';
import { CurrentActor } from './http/auth.js';
import { IfMatch } from './http/revision.js';

@ApiTags('complaints')
@Controller('api/v1/complaints')
export class ComplaintsController {
  constructor(private readonly complaints: ComplaintsService) {}

  /** Complaints and appeals the reader raised, handles, or that are about what they work on. */
  @Get()
  list(@Query() query: ComplaintsQuery) {
    return this.complaints.list(query, pageRequest(query.cursor, query.limit));
  }

  /** Raises a complaint or an appeal; its clock begins to run. */
  @Post()
  raise(@CurrentActor() actor: Actor, @Body() body: NewComplaintDto) {
    return this.complaints.raise(actor, body);
  }

  /** One complaint; by whom it was raised, unless that is confidential to the reader. */
  @Get(':id')
  get(@Param('id', ParseUUIDPipe) id: string) {
    return this.complaints.get(id);
  }

  /** Acknowledges, investigates, decides or closes it, by somebody not involved; or withdraws it, by who raised it. */
  @Post(':id/steps')
  @HttpCode(200)
  step(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ComplaintStepDto,
  ) {
    return this.complaints.step(actor, id, revision, body);
  }
}
