export const TEST_DATA_DIR: string;
export function isAlive(pid: number | string): boolean;
export function withTestServerLock<Result>(work: () => Promise<Result>): Promise<Result>;
export function joinTestServer(run: number | string): void;
export function leaveTestServer(run: number | string | undefined): Promise<void>;
