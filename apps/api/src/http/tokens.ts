/** Names of the things that are not classes, for Nest's injector. */
export const CONFIG = Symbol('config');
export const QUEUE = Symbol('queue');
export const METRICS = Symbol('metrics');
export const IDENTITY = Symbol('identity');
