import { type Actor, actsAs, ContentService, forbidden } from '#application';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { CurrentActor } from './http/auth.js';
import type { Locale } from '#reporting';
import { LANGUAGES, ReaderLocale } from './http/locale.js';
import { ContentImportDto, TextsQuery, WithdrawalDto } from './content.dto.js';
import { ReasonDto } from './findings.dto.js';

@ApiTags('content')
@Controller('api/v1')
export class ContentController {
  constructor(private readonly content: ContentService) {}

  /** Published checklist versions, with the languages they can be read in. */
  @Get('checklists')
  checklists() {
    return this.content.checklists();
  }

  /** A checklist version as it was published; with `lang`, its texts as they are translated by now. */
  @Get('checklists/:checklist/:version')
  checklist(
    @Param('checklist') checklist: string,
    @Param('version') version: string,
    @Query() query: TextsQuery,
  ) {
    return this.content.checklist(checklist, version, query.lang);
  }

  /** Product categories that have a name, in the reader's language. Sites and rules may name others. */
  @Get('categories')
  @ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the names.' })
  categories(@ReaderLocale() locale: Locale) {
    return this.content.categories(locale);
  }

  /** Crosswalks from and to any edition of a checklist: what became of each requirement. */
  @Get('checklists/:checklist/lineage')
  lineage(@Param('checklist') checklist: string) {
    return this.content.lineage(checklist);
  }

  /** A translation of a checklist version, with the status of its texts. */
  @Get('checklists/:checklist/:version/translations/:language')
  translation(
    @Param('checklist') checklist: string,
    @Param('version') version: string,
    @Param('language') language: string,
  ) {
    return this.content.translation(checklist, version, language);
  }

  /** Published scoring profiles: whose they are, and which of their figures nobody has confirmed. */
  @Get('profiles')
  profiles() {
    return this.content.profiles();
  }

  /**
   * Publishes checklists, translations, crosswalks and profiles: all of the files, or none. What is wrong with them is said with
   * file and line.
   */
  @Post('content')
  publish(@CurrentActor() actor: Actor, @Body() body: ContentImportDto) {
    mustPublish(actor);
    return this.content.publishAll(body.files, body);
  }

  /**
   * Withdraws a version, with a reason: no new assessment begins with it. Nothing of the version changes, and what was begun
   * with it goes on to its end.
   */
  @Post('checklists/:checklist/:version/withdraw')
  @HttpCode(200)
  withdraw(
    @CurrentActor() actor: Actor,
    @Param('checklist') checklist: string,
    @Param('version') version: string,
    @Body() body: WithdrawalDto,
  ) {
    mustPublish(actor);
    return this.content.withdraw({ checklist, version }, body);
  }

  /** Takes a withdrawal back, with a reason: new assessments may begin with the version again. */
  @Post('checklists/:checklist/:version/reinstate')
  @HttpCode(200)
  reinstate(
    @CurrentActor() actor: Actor,
    @Param('checklist') checklist: string,
    @Param('version') version: string,
    @Body() { reason }: ReasonDto,
  ) {
    mustPublish(actor);
    return this.content.reinstate({ checklist, version }, reason);
  }
}

/** @throws DomainError `role-required` */
function mustPublish(actor: Actor): void {
  if (!actsAs(actor, ['owner', 'programme-manager'], ['development-agency']))
    throw forbidden('Only an agency publishes content.');
}
