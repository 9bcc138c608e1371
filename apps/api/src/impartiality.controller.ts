import { type Actor, ImpartialityService, pageRequest } from '#application';
import { Body, Controller, Get, Param, ParseUUIDPipe, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor } from './http/auth.js';
import { IfMatch } from './http/revision.js';
import { DutyQuery, ExceptionsQuery, ImpartialityRulesDto, NewExceptionDto } from './impartiality.dto.js';

@ApiTags('impartiality')
@Controller('api/v1')
export class ImpartialityController {
  constructor(private readonly impartiality: ImpartialityService) {}

  /** Rules of impartiality of a programme, each with its source. */
  @Get('programmes/:id/impartiality-rules')
  rules(@Param('id', ParseUUIDPipe) id: string) {
    return this.impartiality.rules(id);
  }

  /** Sets them, all at once; by the agency's owner or programme manager. */
  @Put('programmes/:id/impartiality-rules')
  putRules(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @IfMatch() revision: number | null,
    @Body() body: ImpartialityRulesDto,
  ) {
    return this.impartiality.putRules(actor, id, revision, body);
  }

  /** Who has which duty in an assessment, what breaches a rule, what is allowed and what has to be disclosed. */
  @Get('assessments/:id/impartiality')
  ofAssessment(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: DutyQuery,
  ) {
    return this.impartiality.ofAssessment(actor, id, query.as);
  }

  /** Breaches that programmes have allowed, at the sites the reader works on. */
  @Get('impartiality-exceptions')
  exceptions(@CurrentActor() actor: Actor, @Query() query: ExceptionsQuery) {
    return this.impartiality.exceptions(actor, query, pageRequest(query.cursor, query.limit));
  }

  /** Allows a breach with a reason; by the programme's manager, for somebody else, where the rule lets it. For good. */
  @Post('impartiality-exceptions')
  allow(@CurrentActor() actor: Actor, @Body() body: NewExceptionDto) {
    return this.impartiality.allow(actor, body);
  }
}
