export * from './application-login.js';
export * from './data-source.js';
export * from './entities/index.js';
export * from './database.js';
export * from './refusals.js';
export * from './prepared.js';
