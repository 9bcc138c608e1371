import { FirstSchema1795433104544 } from './1795433104544-first-schema.js';
import { RulesInTheDatabase1795433200000 } from './1795433200000-rules-in-the-database.js';
import { CompactRecords1795434000000 } from './1795434000000-compact-records.js';
import { RecordImports1795434010000 } from './1795434010000-record-imports.js';
import { PartiesAndClosures1795436000000 } from './1795436000000-parties-and-closures.js';
import { KeptDocumentsAndReminders1795437000000 } from './1795437000000-kept-documents-and-reminders.js';
import { WhoSeesWhat1795440000000 } from './1795440000000-who-sees-what.js';
import { AuditTrail1795441000000 } from './1795441000000-audit-trail.js';
import { Identity1795450000000 } from './1795450000000-identity.js';
import { ConsentGrants1795460000000 } from './1795460000000-consent-grants.js';
import { ScopesInTheDatabase1795460100000 } from './1795460100000-scopes-in-the-database.js';
import { CharterAndAggregates1795460200000 } from './1795460200000-charter-and-aggregates.js';
import { PeoplesData1795470000000 } from './1795470000000-peoples-data.js';
import { PoliciesAtLessCost1795480000000 } from './1795480000000-policies-at-less-cost.js';
import { Impartiality1795490000000 } from './1795490000000-impartiality.js';
import { Complaints1795490100000 } from './1795490100000-complaints.js';
import { FewWaysToAnOwner1795499000000 } from './1795499000000-few-ways-to-an-owner.js';
import { RecordsApart1795500000000 } from './1795500000000-records-apart.js';
import { AssessmentsOfScopes1795500100000 } from './1795500100000-assessments-of-scopes.js';
import { ActedBy1795510000000 } from './1795510000000-acted-by.js';
import { ForgottenEverywhere1795510100000 } from './1795510100000-forgotten-everywhere.js';
import { Evidence1795520000000 } from './1795520000000-evidence.js';
import { OperationLog1795530000000 } from './1795530000000-operation-log.js';
import { ColumnsOutOfReach1795640000000 } from './1795640000000-columns-out-of-reach.js';
import { JoiningACohort1795640100000 } from './1795640100000-joining-a-cohort.js';
import { AuditAtLessCost1795700000000 } from './1795700000000-audit-at-less-cost.js';
import { Corrections1795720000000 } from './1795720000000-corrections.js';
import { WithdrawnChecklists1795730000000 } from './1795730000000-withdrawn-checklists.js';
import { ReviewReturns1795760000000 } from './1795760000000-review-returns.js';
import { VoidAssessments1795760100000 } from './1795760100000-void-assessments.js';
import { InstallationsOwnTrail1795770000000 } from './1795770000000-installations-own-trail.js';

/** Every migration, oldest first. A published one is never changed. */
export const migrations = [
  FirstSchema1795433104544,
  RulesInTheDatabase1795433200000,
  CompactRecords1795434000000,
  RecordImports1795434010000,
  PartiesAndClosures1795436000000,
  KeptDocumentsAndReminders1795437000000,
  WhoSeesWhat1795440000000,
  AuditTrail1795441000000,
  Identity1795450000000,
  ConsentGrants1795460000000,
  ScopesInTheDatabase1795460100000,
  CharterAndAggregates1795460200000,
  PeoplesData1795470000000,
  PoliciesAtLessCost1795480000000,
  Impartiality1795490000000,
  Complaints1795490100000,
  FewWaysToAnOwner1795499000000,
  RecordsApart1795500000000,
  AssessmentsOfScopes1795500100000,
  ActedBy1795510000000,
  ForgottenEverywhere1795510100000,
  Evidence1795520000000,
  OperationLog1795530000000,
  ColumnsOutOfReach1795640000000,
  JoiningACohort1795640100000,
  AuditAtLessCost1795700000000,
  Corrections1795720000000,
  WithdrawnChecklists1795730000000,
  ReviewReturns1795760000000,
  VoidAssessments1795760100000,
  InstallationsOwnTrail1795770000000,
];
