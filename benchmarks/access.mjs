import { costOf } from './support/without.mjs';

/** What row-level security costs the main calls: the same calls where no table has policies. */
export default function access() {
  return costOf(
    'policies',
    'without',
    `DO $$ DECLARE each regclass; BEGIN
       FOR each IN SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity LOOP
         EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', each);
       END LOOP;
     END $$`,
  );
}
