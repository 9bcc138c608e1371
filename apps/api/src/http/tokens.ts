/** Names of the things that are not classes, for Nest's injector. */
/** Connections of the role `uplift_api`. */
export const AS_API = Symbol('as-api');
export const CONFIG = Symbol('config');
export const QUEUE = Symbol('queue');
export const METRICS = Symbol('metrics');
export const IDENTITY = Symbol('identity');
