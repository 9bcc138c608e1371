/**
 * What an organisation's audit trail follows: the tables it covers, by name. Published: exports name them so. What the
 * installation as a whole owns (checklists, profiles) stands in a trail of its own.
 */
export const AUDIT_SUBJECTS = [
  'organisation',
  'membership',
  'invitation',
  'api_token',
  'site',
  'assessment',
  'response',
  'operation',
  'offline_copy',
  'evidence',
  'assessment_record',
  'assessment_score',
  'review_return',
  'finding_closure',
  'correction',
  'gain',
  'certificate',
  'consent_grant',
  'consent_grant_site',
  'data_export',
  'programme',
  'programme_participant',
  'cohort',
  'enrolment',
  'visit',
  'assessor',
  'absence',
  'engagement',
  'impartiality_exception',
  'complaint',
  'complainant',
  'buyer_rule_row',
  'record_import',
] as const;

/** Whose trail the installation's own is: nobody's. */
export const INSTALLATION = '00000000-0000-0000-0000-000000000000';

/** What the installation's own trail follows: content that is published, and its withdrawals. */
export const INSTALLATION_SUBJECTS = [
  'checklist_version',
  'checklist_withdrawal',
  'checklist_translation',
  'crosswalk',
  'scoring_profile',
] as const;
