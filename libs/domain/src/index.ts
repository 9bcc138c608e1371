export * from './checklist.js';
export * from './assessment.js';
export * from './domain-error.js';
export * from './profile.js';
