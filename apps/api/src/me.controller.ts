import { type Actor, PeopleService } from '#application';
import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, OneFactor } from './http/auth.js';
import { MeDto } from './me.dto.js';

@ApiTags('me')
@OneFactor()
@Controller('api/v1/me')
export class MeController {
  constructor(private readonly people: PeopleService) {}

  /** Who is signed in, in which roles, and what they have chosen for themselves. */
  @Get()
  me(@CurrentActor() actor: Actor) {
    return this.people.me(actor);
  }

  /** Chooses the language of the mails and the time zone; null takes a choice back. */
  @Patch()
  change(@CurrentActor() actor: Actor, @Body() body: MeDto) {
    return this.people.change(actor, body);
  }
}
