export * from './exports.service.js';
export * from './leaving.service.js';
export * from './retention.js';
