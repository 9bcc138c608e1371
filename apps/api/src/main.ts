import { createLogger, loadConfig, onShutdown, StartError } from '#platform';
import { createApi } from './create-api.js';

try {
  const config = loadConfig();
  const app = await createApi(config);
  const log = createLogger(config, 'api');
  onShutdown(() => app.close(), log);
  await app.listen(config.port, config.host);
  log.info({ port: config.port }, 'listening');
} catch (error) {
  const taken = (error as { code?: string }).code === 'EADDRINUSE';
  if (taken || error instanceof StartError) {
    process.stderr.write(
      `${taken ? `The port ${process.env['PORT'] ?? 3000} is taken; set PORT to another one.` : (error as Error).message}\n`,
    );
  } else {
    process.stderr.write(`${(error as Error).stack}\n`);
  }
  process.exit(1);
}
