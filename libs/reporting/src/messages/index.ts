import type { PageLocale } from '../views.js';
import { ar } from './ar.js';
import { en } from './en.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { hi } from './hi.js';
import { ru } from './ru.js';

/** Forms of a counted phrase, by the plural categories of the language; `other` is always there. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

type Dictionary = typeof en;

/** Every key of the English dictionary, a phrase for a phrase and plural forms for plural forms. */
export type Messages = {
  readonly [Key in keyof Dictionary]: Dictionary[Key] extends string ? string : Plural;
};

export type PhraseKey = {
  [Key in keyof Dictionary]: Dictionary[Key] extends string ? Key : never;
}[keyof Dictionary];
export type PluralKey = Exclude<keyof Dictionary, PhraseKey>;

/** What the gap report's page says, which speaks more languages than documents and mails do. */
export type PageMessages = Pick<
  Messages,
  | 'edition'
  | 'level'
  | 'programme'
  | 'assessor'
  | 'provider'
  | 'reference'
  | 'printed'
  | 'checklist'
  | 'checklistLine'
  | 'scoringProfile'
  | 'profileLine'
  | 'provenance'
  | 'provenanceConfirmed'
  | 'provenanceUnverified'
  | 'provenanceDefault'
  | 'translation'
  | 'translationOriginal'
  | 'translationUnofficial'
  | 'translationReviewed'
  | 'translationApproved'
  | 'contentIn'
  | 'disclaimer'
  | 'dot'
  | 'pointsOf'
  | 'hours'
  | 'notRated'
  | 'aboutThis'
  | 'readIn'
  | 'conforming'
  | 'partly'
  | 'nonconforming'
  | 'notApplicable'
  | 'notAssessed'
  | 'critical'
  | 'major'
  | 'minor'
  | 'criticalMeaning'
  | 'majorMeaning'
  | 'minorMeaning'
  | 'kindSelf'
  | 'kindBaseline'
  | 'kindFollowUp'
  | 'kindVerification'
  | 'verdictPass'
  | 'verdictFail'
  | 'verdictRated'
  | 'verdictNotScorable'
  | 'gapReport'
  | 'conformLine'
  | 'countsLine'
  | 'applicableOf'
  | 'noneApplies'
  | 'grade'
  | 'firstSteps'
  | 'readiness'
  | 'ready'
  | 'notReady'
  | 'missingCount'
  | 'cheapestPath'
  | 'cheapestPathFor'
  | 'total'
  | 'whatIsMissing'
  | 'gapsCount'
  | 'nothingMissing'
  | 'nothingScorable'
  | 'seen'
  | 'howTo'
  | 'blocks'
  | 'due'
  | 'course'
  | 'mandatory'
  | 'guidanceElsewhere'
  | 'sections'
  | 'sectionPoints'
  | 'sectionCounts'
  | 'partOf'
  | 'period'
  | 'since'
  | 'impartialityExceptions'
  | 'exceptionLine'
  | 'ruleAssessorIsCoach'
  | 'ruleAssessorIsSupplier'
  | 'ruleOrganisationIsParty'
  | 'ruleOrganisationIsCoach'
  | 'ruleOrganisationServesOthers'
  | 'ruleReviewerIsAssessor'
  | 'ruleReviewerIsCoach'
  | 'ruleReviewerIsSupplier'
  | 'ruleDeciderIsAssessor'
  | 'ruleDeciderIsCoach'
  | 'ruleDeciderIsReviewer'
  | 'ruleDeciderIsProposer'
  | 'ruleDeciderIsSupplier'
  | 'sharedGoneTitle'
  | 'sharedGoneText'
>;

/** Documents and mails are never made in the languages that have the words of pages only; their types see to it. */
export const messages: Readonly<Record<PageLocale, Messages>> = {
  en,
  es,
  ar,
  fr: { ...en, ...fr },
  ru: { ...en, ...ru },
  hi: { ...en, ...hi },
};
