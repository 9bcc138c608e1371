/**
 * Runs once before all specs. It starts nothing: the test database starts when the first spec asks for one (see
 * database.ts), so runs of pure specs need none. It only names the run, so that databases can be told apart.
 */
export default async function globalSetup() {
  process.env.UPLIFT_TEST_RUN = String(process.pid);
}
