export * from './exports.service.js';
export * from './people.service.js';
export * from './retention.js';
