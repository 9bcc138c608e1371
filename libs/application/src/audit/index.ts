export * from './audit.service.js';
export * from './checkpoints.js';
export * from './verify.js';
