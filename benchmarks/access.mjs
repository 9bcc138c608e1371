import { ReportsService } from '#application';
import { interleave, rateAsync, ratios, spread } from './support/measure.mjs';
import { database } from './support/product.mjs';

const MILLISECONDS = 500;
const ROUNDS = 12;
const AIM = 1.25;

/** What row-level security costs the main reads: the same call as the API's role and as the owner, who is not held by it. */
export default async function access() {
  const owner = await database(2);
  const api = await database(2, 'uplift_api');
  const [{ id, site }] = await owner.query(
    `SELECT a.id, a.site_id AS site FROM assessment a WHERE a.kind = 'follow-up' AND EXISTS (SELECT 1 FROM finding f WHERE f.assessment_id = a.id)
      ORDER BY (SELECT count(*) FROM finding f WHERE f.assessment_id = a.id) DESC, a.id LIMIT 1`,
  );
  const [{ user }] = await owner.query(
    `SELECT user_id AS user FROM site_access WHERE site_id = $1 AND part = 'agency' AND role IN ('owner', 'programme-manager') LIMIT 1`,
    [site],
  );
  const memberships = await owner.query(
    `SELECT m.organisation_id AS "organisationId", o.kind AS "organisationKind", m.role FROM membership m JOIN organisation o ON o.id = m.organisation_id WHERE m.user_id = $1`,
    [user],
  );
  const actor = { userId: user, name: 'Bench', email: 'bench@example.org', memberships };
  const statements = [
    [
      'sites',
      `SELECT s.id, s.name FROM site s WHERE s.id IN (SELECT site_id FROM site_access WHERE user_id = $1) ORDER BY s.id LIMIT 50`,
    ],
    [
      'assessments',
      `SELECT a.id, a.state FROM assessment a WHERE a.site_id IN (SELECT site_id FROM site_access WHERE user_id = $1) ORDER BY a.id LIMIT 50`,
    ],
  ];
  const rows = [];
  const compare = async (name, call) => {
    const side = (db) => () => rateAsync(() => call(db), MILLISECONDS);
    const sides = await interleave({
      rounds: ROUNDS,
      warmups: 2,
      subject: side(api),
      reference: side(owner),
    });
    // Rates: more is better, so the cost is the reference to the subject.
    const ratio = ratios({ subject: sides.reference, reference: sides.subject });
    rows.push({
      name,
      subject: spread(sides.subject, '/s'),
      reference: `as the owner: ${spread(sides.reference, '/s')}`,
      ratio,
      aim: `≤ ${AIM}×`,
      met: ratio.median <= AIM,
    });
  };
  await compare('access: gap report', (db) =>
    db.as({ userId: user }, () => new ReportsService(db).gapReport(actor, id, 'en')),
  );
  for (const [name, sql] of statements)
    await compare(`access: list of ${name}`, (db) => db.as({ userId: user }, (tx) => tx.query(sql, [user])));
  await owner.close();
  await api.close();
  return { rows };
}
