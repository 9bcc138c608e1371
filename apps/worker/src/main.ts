import { NestFactory } from '@nestjs/core';
import { createLogger, loadConfig, onShutdown, PinoNestLogger, StartError } from '#platform';
import 'reflect-metadata';
import { WorkerModule } from './worker.module.js';

try {
  const config = loadConfig();
  const log = createLogger(config, 'worker');
  const app = await NestFactory.createApplicationContext(WorkerModule.with(config, log), {
    logger: new PinoNestLogger(log),
    abortOnError: false,
  });
  onShutdown(() => app.close(), log);
  log.info('working');
} catch (error) {
  process.stderr.write(`${error instanceof StartError ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}
