import { useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import type { Answered } from '#web/checklist/remark';
import { useI18n } from '#web/i18n';
import { Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { RadioGroup } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { type Column, Table } from '#web/ui/table';
import { ItemHistory, type Judge } from './entered';
import { type DraftRemarks, Question, RemarkAt } from './remarks';

type Evidence = Schema<'EvidenceRow'>;

/** A requirement with what everybody said of it. */
interface Item {
  readonly code: string;
  readonly question: string;
  readonly sectionTitle: string;
  readonly order: number;
  readonly verdict: StatusKind;
  /** Null: the supplier has said nothing. */
  readonly claim: StatusKind | null;
  /** Null: there is no baseline, or it didn't ask this. */
  readonly baseline: StatusKind | null;
  readonly baselineNote: string | null;
  readonly change: 'better' | 'worse' | 'other' | null;
  readonly note: string | null;
  readonly naReason: string | null;
  readonly conflict: boolean;
  readonly evidence: readonly Evidence[];
  /** What was questioned of it, newest first; of the newest sending back with how the answer stood then. */
  readonly remarks: readonly {
    readonly remark: Schema<'Remark'>;
    readonly at: string;
    readonly kinds?: readonly [then: StatusKind, now: StatusKind];
  }[];
  readonly now: Answered | undefined;
}

const RANK: Readonly<Partial<Record<StatusKind, number>>> = {
  conforming: 0,
  minor: 1,
  major: 2,
  critical: 3,
};

function changeOf(before: StatusKind | null, now: StatusKind): Item['change'] {
  if (before === null || before === now) return null;
  const [was, is] = [RANK[before], RANK[now]];
  return was === undefined || is === undefined ? 'other' : is < was ? 'better' : 'worse';
}

/** What an answer comes to, by the profile's options and how critical the requirement is. */
function kindOf(
  options: ReadonlyMap<string, Schema<'AnswerOption'>>,
  code: string | null | undefined,
  criticality: StatusKind,
): StatusKind {
  const option = code ? options.get(code) : undefined;
  if (!option) return 'unanswered';
  if (option.conformity === 'conforming') return 'conforming';
  if (option.conformity === 'not-applicable') return 'na';
  const grade = option.grade ?? (option.conformity === 'partly' ? 'minor' : criticality);
  return grade === 'critical' || grade === 'major' ? grade : 'minor';
}

/** The same for an answer to a requirement of the assessment, by their codes. */
export function judgeOf({ checklist, answers }: Schema<'OfflineAssessment'>): Judge {
  const options = new Map(answers.map((option) => [option.code, option]));
  const criticality = new Map(checklist.requirements.map((each) => [each.code, each.criticality]));
  return (answer, requirement) => kindOf(options, answer, criticality.get(requirement) ?? 'minor');
}

/** Puts together what the assessment, the supplier's own and the baseline say of each requirement. */
function itemsOf(
  { checklist, answers, baseline }: Schema<'OfflineAssessment'>,
  assessment: Schema<'AssessmentWithResponses'>,
  own: readonly Schema<'ResponseRow'>[],
  evidence: readonly Evidence[],
): Item[] {
  const options = new Map(answers.map((option) => [option.code, option]));
  const sections = new Map(checklist.sections.map(({ code, title }) => [code, title]));
  const given = new Map(assessment.responses?.map((response) => [response.requirement, response]));
  const claimed = new Map(own.map((response) => [response.requirement, response]));
  const before = new Map(baseline?.answers.map((answer) => [answer.requirement, answer]));
  const returns = [...(assessment.returns ?? [])].reverse();
  return checklist.requirements.map(({ code, question, section, criticality }, order) => {
    const response = given.get(code);
    const claim = response?.claim ?? claimed.get(code)?.answer;
    const old = before.get(code);
    const verdict = kindOf(options, response?.answer, criticality);
    const was = old ? kindOf(options, old.answer, criticality) : null;
    return {
      code,
      question,
      sectionTitle: sections.get(section) ?? section,
      order,
      verdict,
      claim: claim ? kindOf(options, claim, criticality) : null,
      baseline: was,
      baselineNote: old?.note ?? old?.naReason ?? null,
      change: changeOf(was, verdict),
      note: response?.note ?? null,
      naReason: response?.naReason ?? null,
      conflict: (response?.conflicts.length ?? 0) > 0,
      evidence: evidence.filter(({ requirement }) => requirement === code),
      remarks: returns.flatMap(({ at, remarks }, n) =>
        remarks
          .filter(({ requirement }) => requirement === code)
          .map((remark) => ({
            remark,
            at,
            ...(n === 0 && { kinds: [kindOf(options, remark.answer, criticality), verdict] as const }),
          })),
      ),
      now: response,
    };
  });
}

const FILTERS = {
  all: () => true,
  questioned: ({ remarks }: Item) => remarks.some(({ kinds }) => kinds !== undefined),
  changed: ({ change }: Item) => change !== null,
  claims: ({ claim, verdict }: Item) => claim !== null && claim !== verdict,
  gaps: ({ verdict }: Item) => RANK[verdict] !== 0 && RANK[verdict] !== undefined,
  na: ({ verdict }: Item) => verdict === 'na',
  evidence: ({ evidence }: Item) => evidence.length > 0,
  open: ({ verdict }: Item) => verdict === 'unanswered',
} as const;
type Filter = keyof typeof FILTERS;

const words = ({ code, question, note, sectionTitle }: Item): string =>
  `${code} ${question} ${sectionTitle} ${note ?? ''}`;

/** Every requirement side by side: baseline, the supplier's answer, the verdict; what has changed first. */
export function Items({
  offline,
  assessment,
  own,
  evidence,
  drafts,
  judge,
  lang,
}: {
  offline: Schema<'OfflineAssessment'>;
  assessment: Schema<'AssessmentWithResponses'>;
  own: readonly Schema<'ResponseRow'>[];
  evidence: readonly Evidence[];
  /** Where the reader may send it back. */
  drafts: DraftRemarks | null;
  judge: Judge;
  lang: string;
}) {
  const { t } = useI18n();
  const { id } = assessment;
  const [filter, setFilter] = useState<Filter>('all');
  const items = useMemo(
    () => itemsOf(offline, assessment, own, evidence),
    [offline, assessment, own, evidence],
  );
  const rows = useMemo(
    () =>
      items
        .filter(FILTERS[filter])
        .sort((one, other) => Number(!one.change) - Number(!other.change) || one.order - other.order),
    [items, filter],
  );
  const { field, found } = useSearch(rows, words);
  const hasBaseline = offline.baseline !== null;
  const columns = useMemo<readonly Column<Item>[]>(() => {
    const all: (Column<Item> | false)[] = [
      {
        key: 'item',
        header: t('reviewer.items.requirement'),
        cell: (item) => (
          <>
            <Requirement item={item} lang={lang} />
            <ItemHistory
              assessment={id}
              code={item.code}
              question={item.question}
              lang={lang}
              judge={judge}
              answered={item.verdict !== 'unanswered'}
            />
          </>
        ),
      },
      hasBaseline && {
        key: 'baseline',
        header: t('common.assessmentKind.baseline'),
        cell: ({ baseline, baselineNote }) =>
          baseline === null ? (
            <span className="text-soft">{t('reviewer.items.notAsked')}</span>
          ) : (
            <>
              <Status kind={baseline} />
              {baselineNote && (
                <span className="mt-1 block text-sm text-soft">
                  <Text>{baselineNote}</Text>
                </span>
              )}
            </>
          ),
      },
      {
        key: 'claim',
        header: t('reviewer.items.claim'),
        cell: ({ claim }) =>
          claim === null ? (
            <span className="text-soft">{t('reviewer.items.noClaim')}</span>
          ) : (
            <Status kind={claim} />
          ),
      },
      {
        key: 'verdict',
        header: t('reviewer.items.verdict'),
        cell: ({ verdict, change, conflict, claim }) => (
          <span className="inline-grid justify-items-start gap-1">
            <Status kind={verdict} />
            {change && <span className="text-sm font-semibold">{t(`reviewer.items.change.${change}`)}</span>}
            {claim !== null && claim !== verdict && (
              <span className="text-sm text-soft">{t('reviewer.items.differs')}</span>
            )}
            {conflict && <span className="text-sm text-critical">{t('reviewer.items.conflict')}</span>}
          </span>
        ),
      },
      drafts !== null && {
        key: 'question',
        header: t('reviewer.remarks.column'),
        acts: true,
        cell: ({ code, question }) => (
          <Question code={code} question={question} lang={lang} drafts={drafts} />
        ),
      },
    ];
    return all.filter((column) => column !== false);
  }, [t, hasBaseline, drafts, lang, id, judge]);
  const questioned = items.some(FILTERS.questioned);
  const offered = (Object.keys(FILTERS) as Filter[]).filter(
    (each) => (each !== 'changed' || hasBaseline) && (each !== 'questioned' || questioned),
  );
  return (
    <Panel heading={t('reviewer.items.title')}>
      <div className="no-print mb-3 grid gap-3">
        <RadioGroup
          label={t('reviewer.items.show')}
          name="items"
          value={filter}
          onChange={(value) => setFilter(value as Filter)}
          options={offered.map((value) => ({
            value,
            label: t(`reviewer.items.filter.${value}`, { n: items.filter(FILTERS[value]).length }),
          }))}
        />
        {field}
      </div>
      <Table caption={t('reviewer.items.title')} columns={columns} rows={found} rowKey={({ code }) => code} />
    </Panel>
  );
}

function Requirement({ item, lang }: { item: Item; lang: string }) {
  const { t } = useI18n();
  const { code, question, sectionTitle, note, naReason, evidence, remarks, now } = item;
  return (
    <span className="block max-w-xl font-normal">
      <span className="block text-sm text-soft">
        <bdi dir="ltr">{code}</bdi> – <Text lang={lang}>{sectionTitle}</Text>
      </span>
      <span className="block font-semibold">
        <Text lang={lang}>{question}</Text>
      </span>
      {naReason && (
        <span className="mt-1 block">
          {t('reviewer.items.naReason')} <Text>{naReason}</Text>
        </span>
      )}
      {note && (
        <span className="mt-1 block">
          {t('reviewer.items.note')} <Text>{note}</Text>
        </span>
      )}
      {remarks.map(({ remark, at, kinds }) => (
        <RemarkAt key={at} remark={remark} at={at} now={now} {...(kinds && { kinds })} />
      ))}
      {evidence.length > 0 && <Pieces evidence={evidence} />}
    </span>
  );
}

/** Photographs as thumbnails that open in full, documents by name. */
export function Pieces({ evidence }: { evidence: readonly Evidence[] }) {
  const { t, moment } = useI18n();
  return (
    <span className="mt-2 flex flex-wrap gap-2">
      {evidence.map(({ id, state, mediaType, caption, fileName, supports, capturedAt }) => {
        const name = caption ?? fileName ?? t('reviewer.items.piece');
        const about = [
          name,
          t(supports === 'claim' ? 'reviewer.items.ofSupplier' : 'reviewer.items.ofAssessor'),
          ...(capturedAt ? [moment(capturedAt)] : []),
        ].join(' – ');
        if (state !== 'ready')
          return (
            <span key={id} className="rounded-lg border border-dashed border-edge p-2 text-sm text-soft">
              <Text>{name}</Text> – {t('reviewer.items.onItsWay')}
            </span>
          );
        return (
          <a
            key={id}
            href={`/api/v1/evidence/${id}/content`}
            target="_blank"
            rel="noreferrer"
            title={about}
            className="grid min-h-11 min-w-11 place-items-center rounded-lg border border-line bg-sunken p-1 text-sm"
          >
            {mediaType?.startsWith('image/') ? (
              <img
                src={`/api/v1/evidence/${id}/thumbnail`}
                alt={about}
                loading="lazy"
                className="h-20 w-auto max-w-40 rounded object-cover"
              />
            ) : (
              <Text>{name}</Text>
            )}
          </a>
        );
      })}
    </span>
  );
}
