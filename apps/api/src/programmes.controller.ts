import { type Actor, CohortsService, pageRequest, ProgrammesService } from '#application';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor } from './http/auth.js';
import { IfMatch } from './http/revision.js';
import {
  CohortPatchDto,
  CohortsQuery,
  ConfirmQuery,
  EnrolmentsQuery,
  ExitDto,
  NewCohortDto,
  NewEnrolmentDto,
  NewParticipantDto,
  NewProgrammeDto,
  ProgrammePatchDto,
} from './programmes.dto.js';

@ApiTags('programmes')
@Controller('api/v1/programmes')
export class ProgrammesController {
  constructor(private readonly programmes: ProgrammesService) {}

  /** Programmes the reader's organisations take part in. */
  @Get()
  list(@CurrentActor() actor: Actor) {
    return this.programmes.programmes(actor);
  }

  /** Starts a programme; by an agency. */
  @Post()
  create(@CurrentActor() actor: Actor, @Body() body: NewProgrammeDto) {
    return this.programmes.createProgramme(actor, body);
  }

  /** One programme, with the claims that stand beside its figures. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.programmes.programme(actor, id);
  }

  /** Changes a programme; by its agency. */
  @Patch(':id')
  patch(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ProgrammePatchDto,
  ) {
    return this.programmes.patchProgramme(actor, id, revision, body);
  }

  /** Which organisations take part, and as what. */
  @Get(':id/participants')
  participants(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.programmes.participants(actor, id);
  }

  /** Lets an organisation into the programme; by its agency. */
  @Post(':id/participants')
  addParticipant(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() body: NewParticipantDto,
  ) {
    return this.programmes.addParticipant(actor, id, body);
  }

  /** Takes an organisation out. One with work in the programme is told of first, and taken out with `confirm=true`. */
  @Delete(':id/participants/:participantId')
  @HttpCode(204)
  removeParticipant(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('participantId', ParseUUIDPipe) participantId: string,
    @Query() query: ConfirmQuery,
  ) {
    return this.programmes.removeParticipant(actor, id, participantId, query.confirm === true);
  }
}

@ApiTags('cohorts')
@Controller('api/v1/cohorts')
export class CohortsController {
  constructor(private readonly cohorts: CohortsService) {}

  /** Cohorts of the reader's programmes. */
  @Get()
  list(@CurrentActor() actor: Actor, @Query() query: CohortsQuery) {
    return this.cohorts.cohorts(actor, query);
  }

  /** Starts a cohort; by the agency. */
  @Post()
  create(@CurrentActor() actor: Actor, @Body() body: NewCohortDto) {
    return this.cohorts.createCohort(actor, body);
  }

  /** One cohort. */
  @Get(':id')
  get(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.cohorts.cohort(actor, id);
  }

  /** Changes a cohort; by the agency. */
  @Patch(':id')
  patch(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: CohortPatchDto,
  ) {
    return this.cohorts.patchCohort(actor, id, revision, body);
  }

  /** Sites of a cohort: still in it, or gone and why. */
  @Get(':id/enrolments')
  enrolments(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: EnrolmentsQuery,
  ) {
    return this.cohorts.enrolments(actor, id, query, pageRequest(query.cursor, query.limit));
  }

  /** Makes a code with which owners enrol their sites; the one before stops working. By the agency. */
  @Post(':id/joining-code')
  joiningCode(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string) {
    return this.cohorts.joiningCode(actor, id);
  }

  /** Enrols a site: its owner with the code of the cohort, or a programme manager who sees the site already. */
  @Post(':id/enrolments')
  enrol(@CurrentActor() actor: Actor, @Param('id', ParseUUIDPipe) id: string, @Body() body: NewEnrolmentDto) {
    return this.cohorts.enrol(actor, id, body);
  }

  /** Records that a site left the cohort, and why. Its results stay and count as attrition. */
  @Post(':id/enrolments/:siteId/exit')
  @HttpCode(204)
  exit(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('siteId', ParseUUIDPipe) siteId: string,
    @Body() body: ExitDto,
  ) {
    return this.cohorts.exit(actor, id, siteId, body);
  }
}
