export * from './device.js';
export * from './merge.js';
export * from './operation.js';
