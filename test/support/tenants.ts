import { randomUUID } from 'node:crypto';

type Sql = (text: string, values?: unknown[]) => Promise<unknown>;

/** One programme with every kind of party, and a row of it in every table that holds somebody's data. */
export interface Tenant {
  readonly ids: Readonly<Record<string, string>>;
  /** User ids by part: `supplier`, `agency`, `provider`, `buyer`, `donor`, `grantee` (by consent only). */
  readonly people: Readonly<Record<string, string>>;
}

const today = new Date().toISOString().slice(0, 10);

/**
 * Puts a tenant in as the database's owner, past every policy: what the policies are then asked about.
 * @param person the user id of a part; a readable one that isn't an account's unless told
 */
export async function seedTenant(
  sql: Sql,
  tag: string,
  person: (part: string) => string = (part) => `${part}-${tag}`,
): Promise<Tenant> {
  const ids: Record<string, string> = {};
  const people: Record<string, string> = {};
  const insert = async (name: string, table: string, row: Record<string, unknown>): Promise<string> => {
    const id = (row['id'] as string | undefined) ?? randomUUID();
    const all = NO_ID.includes(table) ? row : { id, ...row };
    await sql(
      `INSERT INTO ${table} (${Object.keys(all).join(', ')}) VALUES (${Object.keys(all).map((_, i) => `$${i + 1}`)})`,
      Object.values(all),
    );
    ids[name] = id;
    return id;
  };
  for (const [part, kind, role] of [
    ['supplier', 'supplier', 'owner'],
    ['agency', 'development-agency', 'owner'],
    ['provider', 'assessment-provider', 'assessor'],
    ['buyer', 'buyer', 'qa-manager'],
    ['donor', 'donor', 'viewer'],
    ['grantee', 'buyer', 'owner'],
  ] as const) {
    people[part] = person(part);
    await insert(part, 'organisation', { name: `${part} ${tag}`, kind, country: 'EG' });
    await insert(`${part}-membership`, 'membership', {
      user_id: people[part],
      organisation_id: ids[part],
      role,
    });
  }
  await insert('site', 'site', { organisation_id: ids['supplier'], name: `Site ${tag}`, country: 'EG' });
  await insert('programme', 'programme', { code: `programme-${tag}`, name: `Programme ${tag}` });
  for (const [organisation, part] of [
    ['agency', 'agency'],
    ['provider', 'assessment-provider'],
    ['buyer', 'buyer'],
    ['donor', 'donor'],
  ]) {
    await insert(`${organisation}-participant`, 'programme_participant', {
      programme_id: ids['programme'],
      organisation_id: ids[organisation!],
      part,
    });
  }
  await insert('cohort', 'cohort', {
    programme_id: ids['programme'],
    name: `Cohort ${tag}`,
    starts_on: today,
  });
  await insert('enrolment', 'enrolment', {
    cohort_id: ids['cohort'],
    site_id: ids['site'],
    enrolled_on: today,
  });
  await insert('version', 'checklist_version', {
    checklist: `list-${tag}`,
    version: '1',
    title: 'List',
    content_hash: 'x',
    body: JSON.stringify({
      format: 'uplift.checklist/1',
      checklist: `list-${tag}`,
      version: '1',
      title: 'List',
      language: 'en',
      levels: [],
      sections: [],
      requirements: [],
    }),
  });
  await insert('profile', 'scoring_profile', {
    profile: `profile-${tag}`,
    version: '1',
    title: 'Profile',
    content_hash: 'x',
    body: JSON.stringify({
      format: 'uplift.scoring-profile/1',
      profile: `profile-${tag}`,
      version: '1',
      title: 'Profile',
      provenance: { source: 'test', status: 'programme-default' },
      answers: [],
      aggregation: { kind: 'count-matrix' },
    }),
  });
  for (const [name, kind, state] of [
    ['baseline', 'baseline', 'closed'],
    ['draft', 'follow-up', 'draft'],
  ]) {
    await insert(name!, 'assessment', {
      site_id: ids['site'],
      cohort_id: ids['cohort'],
      checklist_version_id: ids['version'],
      scoring_profile_id: ids['profile'],
      level: 'basic',
      kind,
      state,
      assessed_on: today,
      ...(kind === 'follow-up' && { baseline_id: ids['baseline'] }),
    });
    await insert(`${name}-response`, 'response', {
      assessment_id: ids[name!],
      requirement: 'R-01',
      answer: 'conform',
      answered_by: people['provider'],
      answered_at: new Date(),
    });
    await insert(`${name}-record`, 'assessment_record', { assessment_id: ids[name!], body: '{"cited":{}}' });
    for (const [standing, refusal] of [
      ['applied', null],
      ['refused', 'assessment-locked'],
    ])
      await insert(`${name}-${standing}`, 'operation', {
        assessment_id: ids[name!],
        device: 'tablet',
        seq: 1,
        user_id: people['provider'],
        requirement: 'R-01',
        field: 'answer',
        value: '{"answer":"conform"}',
        base: '{}',
        standing,
        refusal,
        captured_at: new Date(),
        revision: 1,
      });
    await insert(`${name}-copy`, 'offline_copy', {
      assessment_id: ids[name!],
      user_id: people['provider'],
      device: 'tablet',
      writes: true,
      taken_at: new Date(),
    });
    await insert(`${name}-score`, 'assessment_score', {
      assessment_id: ids[name!],
      revision: 1,
      as_found: '{"points":1,"sections":[],"items":[]}',
      after_closure: '{}',
      computed_at: new Date(),
    });
    await insert(`${name}-evidence`, 'evidence', {
      assessment_id: ids[name!],
      organisation_id: ids['supplier'],
      requirement: 'R-01',
      supports: 'verdict',
      state: 'ready',
      sha256: 'a'.repeat(64),
      size: 1,
      media_type: 'image/jpeg',
      declared_by: people['provider'],
      received_at: new Date(),
      stored_sha256: 'b'.repeat(64),
      stored_size: 1,
    });
    await insert(`${name}-finding`, 'finding', {
      assessment_id: ids[name!],
      requirement: 'R-01',
      section: 'A',
      grade: 'minor',
      conformity: 'partly',
    });
  }
  await insert('gain', 'gain', {
    follow_up_id: ids['draft'],
    baseline_id: ids['baseline'],
    site_id: ids['site'],
    cohort_id: ids['cohort'],
    comparable: true,
    body: '{"comparable":true,"items":[]}',
    computed_at: new Date(),
  });
  await insert('aggregate', 'cohort_aggregate', {
    cohort_id: ids['cohort'],
    body: '{}',
    updated_at: new Date(),
  });
  await insert('rule', 'buyer_rule_row', {
    buyer_id: ids['buyer'],
    rule: 'rule',
    version: '1',
    body: '{}',
  });
  await insert('readiness', 'readiness', {
    site_id: ids['site'],
    buyer_rule_id: ids['rule'],
    category: 'dairy',
    status: 'ready',
    body: '{"conditions":[{"requirements":["R-01"]}],"cheapestPath":null}',
    evaluated_at: new Date(),
  });
  await insert('assessor', 'assessor', {
    id: people['provider'],
    organisation_id: ids['provider'],
    name: 'A',
    email: 'a@example.org',
    part: 'assessor',
    country: 'EG',
    competences: '{}',
    languages: '{}',
    working_days: '{1}',
  });
  await insert('absence', 'absence', { assessor_id: people['provider'], from_date: today, to_date: today });
  await insert('engagement', 'engagement', {
    person_id: `mentor-${tag}`,
    site_id: ids['site'],
    role: 'coach',
    from_date: today,
  });
  await insert('exception', 'impartiality_exception', {
    programme_id: ids['programme'],
    site_id: ids['site'],
    assessment_id: ids['baseline'],
    rule: 'assessor-is-coach',
    person_id: people['provider'],
    facts: '[]',
    reason: 'test',
    recorded_by: people['agency'],
  });
  await insert('complaint', 'complaint', {
    kind: 'complaint',
    programme_id: ids['programme'],
    about: 'assessment',
    subject_id: ids['baseline'],
    assessment_id: ids['baseline'],
    site_id: ids['site'],
    text: 'test',
    confidential: true,
    state: 'received',
    raised_on: today,
    acknowledge_by: today,
    decide_by: today,
  });
  await insert('complainant', 'complainant', {
    complaint_id: ids['complaint'],
    user_id: people['buyer'],
    organisation_id: ids['buyer'],
  });
  await insert('visit', 'visit', {
    site_id: ids['site'],
    cohort_id: ids['cohort'],
    assessment_id: ids['baseline'],
    state: 'planned',
    earliest: today,
    due: today,
    latest: today,
    reason: 'test',
    assessor_id: people['provider'],
    planned_on: today,
  });
  for (const [name, issued] of [
    ['issued', today],
    ['proposed', null],
  ]) {
    await insert(name!, 'certificate', {
      number: `${name}-${tag}`,
      site_id: ids['site'],
      assessment_id: ids[issued ? 'baseline' : 'draft'],
      state: issued ? 'valid' : 'under-review',
      proposed_by: people['agency'],
      issued_on: issued,
      facts: '{}',
    });
  }
  for (const [table, more] of [
    ['invitation', { email: `guest-${tag}@example.org`, role: 'viewer', invited_by: people['agency'] }],
    ['api_token', { name: tag, scopes: '{read}', prefix: 'uplift_x', created_by: people['agency'] }],
  ] as const)
    await insert(table, table, {
      organisation_id: ids['agency'],
      ...more,
      token_hash: Buffer.from(tag),
      expires_at: new Date(Date.now() + 86_400_000),
    });
  await insert('consent', 'consent_grant', {
    supplier_id: ids['supplier'],
    grantee_id: ids['grantee'],
    scopes: '{score,section-scores,answers}',
    purpose: 'test',
    until: today,
    created_by: people['supplier'],
  });
  await insert('consent-site', 'consent_grant_site', { grant_id: ids['consent'], site_id: ids['site'] });
  await insert('snapshot', 'aggregate_snapshot', { programme_id: ids['programme'], body: '{}' });
  await insert('key', 'idempotency_key', { user_id: people['agency'], key: tag, request_hash: 'x' });
  for (const name of ['baseline', 'draft']) {
    await insert(`${name}-closure`, 'finding_closure', {
      assessment_id: ids[name],
      requirement: 'R-01',
      closed_on: today,
      note: 'done',
      closed_by: people['provider'],
    });
    await insert(`${name}-return`, 'review_return', {
      assessment_id: ids[name],
      action: 'return',
      reason: 'unclear',
      remarks: '[]',
      returned_by: people['agency'],
    });
    await insert(`${name}-correction`, 'correction', {
      assessment_id: ids[name],
      requirement: 'R-01',
      note: 'mended',
      written_by: people['supplier'],
    });
  }
  for (const [kind, subject] of [
    ['gap-report', 'baseline'],
    ['certificate', 'issued'],
  ]) {
    await insert(`${kind}-document`, 'document', {
      kind,
      subject_id: ids[subject!],
      language: 'en',
      source_hash: 'x',
      sha256: 'x',
      size: 1,
      media_type: 'application/pdf',
    });
  }
  await insert('settings', 'person_settings', { user_id: people['agency'], language: 'ar' });
  await insert('told', 'visit_invitation', {
    visit_id: ids['visit'],
    user_id: people['provider'],
    method: 'REQUEST',
    sequence: 0,
    planned_on: today,
    sent_at: new Date(),
  });
  await insert('reminder', 'reminder', { id: `reminder-${tag}` });
  await insert('import', 'record_import', {
    organisation_id: ids['agency'],
    requested_by: people['agency'],
    dataset: tag,
    mapping: '{}',
    country: 'EG',
    content_hash: 'x',
    state: 'done',
  });
  await insert('export', 'data_export', { organisation_id: ids['agency'], requested_by: people['agency'] });
  await insert('import-file', 'record_import_file', { import_id: ids['import'], name: 'a.csv', content: '' });
  return { ids, people };
}

/** Tables whose key is not a column `id` of their own. */
const NO_ID = [
  'response',
  'assessment_record',
  'offline_copy',
  'assessment_score',
  'gain',
  'cohort_aggregate',
  'person_settings',
  'visit_invitation',
  'record_import_file',
  'consent_grant_site',
  'complainant',
];
