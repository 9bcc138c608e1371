import { type Actor, JobsService } from '#application';
import { Controller, Get, Header, HttpCode, Logger, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentActor, PeopleOnly } from './http/auth.js';

@ApiTags('jobs')
@PeopleOnly()
@Controller('api/v1/jobs')
export class JobsController {
  private readonly log = new Logger('jobs');

  constructor(private readonly jobs: JobsService) {}

  /** The latest hundred jobs that failed for good, newest first. For whoever looks after the installation. */
  @Get('failed')
  @Header('cache-control', 'no-store')
  failed(@CurrentActor() actor: Actor) {
    return this.jobs.failed(actor);
  }

  /** Has a failed job tried again, with all its attempts. For whoever looks after the installation. */
  @Post(':id/retry')
  @HttpCode(204)
  async retry(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    await this.jobs.retry(actor, id);
    this.log.log(`job ${id} put back into the queue by ${actor.userId}`);
  }
}
