import { type Actor, AssessorsService, EngagementsService, pageRequest } from '#application';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AbsenceDto,
  AssessorPatchDto,
  AssessorsQuery,
  EngagementEndDto,
  EngagementsQuery,
  NewAssessorDto,
  NewEngagementDto,
  PeriodQuery,
} from './assessors.dto.js';
import { CurrentActor } from './http/auth.js';
import { Produces } from './http/openapi.js';
import { IfMatch } from './http/revision.js';

@ApiTags('assessors')
@Controller('api/v1/assessors')
export class AssessorsController {
  constructor(private readonly assessors: AssessorsService) {}

  /** Assessors and mentors of the programmes the reader takes part in, with their absences and planned visits. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: AssessorsQuery) {
    return this.assessors.list(actor, query);
  }

  /** Makes a member of an organisation known to the planner. */
  @Post()
  create(@CurrentActor() actor: Actor, @Body() body: NewAssessorDto) {
    return this.assessors.create(actor, body);
  }

  /** One assessor or mentor. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessors.get(actor, id);
  }

  /** Changes what the planner knows; visits that no longer fit move. */
  @Patch(':id')
  patch(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: AssessorPatchDto,
  ) {
    return this.assessors.patch(actor, id, revision, body);
  }

  /** Absences, first to last. */
  @Get(':id/absences')
  absences(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.assessors.absences(actor, id);
  }

  /** Records an absence; visits planned in it move. */
  @Post(':id/absences')
  addAbsence(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: AbsenceDto) {
    return this.assessors.addAbsence(actor, id, body);
  }

  /** Takes an absence back. */
  @Delete(':id/absences/:absenceId')
  @HttpCode(204)
  removeAbsence(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('absenceId', ParseUUIDPipe) absenceId: string,
  ) {
    return this.assessors.removeAbsence(actor, id, absenceId);
  }

  /** Planned visits, absences and public holidays in a period. */
  @Get(':id/calendar')
  calendar(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PeriodQuery,
  ) {
    return this.assessors.calendar(actor, id, query);
  }

  /** The same as an iCalendar file: as of now, for whoever is signed in or has a token; calendars that send neither can't subscribe to it. */
  @Get(':id/calendar.ics')
  @Produces('text/calendar')
  @Header('content-type', 'text/calendar; charset=utf-8')
  calendarIcs(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: PeriodQuery,
  ) {
    return this.assessors.calendarIcs(actor, id, query);
  }
}

@ApiTags('assessors')
@Controller('api/v1/engagements')
export class EngagementsController {
  constructor(private readonly engagements: EngagementsService) {}

  /** Who coaches or coached which site. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: EngagementsQuery) {
    return this.engagements.list(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Registers coaching or consultancy; from now on the person is kept from assessing the site. */
  @Post()
  register(@CurrentActor() actor: Actor, @Body() body: NewEngagementDto) {
    return this.engagements.register(actor, body);
  }

  /** Ends an engagement; the look-back runs from its last day. */
  @Post(':id/end')
  @HttpCode(200)
  end(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: EngagementEndDto) {
    return this.engagements.end(actor, id, body.until);
  }
}
