import { leaveTestServer } from './test-server.mjs';

/** Runs once after all specs: stops the test database unless another run still uses it. */
export default async function globalTeardown() {
  await leaveTestServer(process.env.UPLIFT_TEST_RUN);
}
