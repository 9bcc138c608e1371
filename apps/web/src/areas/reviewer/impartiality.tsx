import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { toast } from '#web/ui/toast';

type Facts = Schema<'AssessmentImpartiality'>;
type Fact = Schema<'ShownFact'>;

/** What keeps somebody from a duty: their own breaches without an exception; for a decision, also those of who came before. */
export const barredBy = (
  { breaches }: Facts,
  duty: 'reviewer' | 'decider',
  userId: string,
): readonly Fact[] =>
  breaches.filter(
    (breach) => !breach.exception && (breach.duty === duty ? breach.personId === userId : duty === 'decider'),
  );

/** Who had which duty, what breaches a rule of impartiality, what was allowed and why: in view before anybody decides. */
export function Impartiality({ facts }: { facts: Facts }) {
  const { t } = useI18n();
  const { userId } = useMe();
  return (
    <Panel heading={t('reviewer.impartiality.title')}>
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[auto_1fr]">
        {facts.duties.map(({ duty, personId, name }) => (
          <div key={`${duty} ${personId}`} className="contents">
            <dt className="text-soft">{t(`reviewer.duty.${duty}`)}</dt>
            <dd className="max-sm:mb-2">
              <Text>{name ?? '–'}</Text>
              {personId === userId && ` (${t('reviewer.impartiality.you')})`}
            </dd>
          </div>
        ))}
        {facts.organisation && (
          <>
            <dt className="text-soft">{t('reviewer.impartiality.organisation')}</dt>
            <dd className="max-sm:mb-2">
              <Text>{facts.organisation.name ?? '–'}</Text> – {t(`reviewer.type.${facts.organisation.type}`)}
            </dd>
          </>
        )}
        <dt className="text-soft">{t('reviewer.impartiality.lookBack')}</dt>
        <dd>{t('reviewer.impartiality.months', { n: facts.lookBackMonths })}</dd>
      </dl>
      {facts.breaches.length === 0 ? (
        <p className="mt-3">
          <Status kind="conforming">{t('reviewer.impartiality.none')}</Status>
        </p>
      ) : (
        <List facts={facts.breaches} of={facts} />
      )}
      {facts.disclosures.length > 0 && (
        <>
          <h3 className="mt-3">{t('reviewer.impartiality.disclosed')}</h3>
          <List facts={facts.disclosures} of={facts} disclosed />
        </>
      )}
    </Panel>
  );
}

function List({ facts, of, disclosed = false }: { facts: readonly Fact[]; of: Facts; disclosed?: boolean }) {
  const { t, day, moment } = useI18n();
  return (
    <ul className="mt-3 grid gap-3">
      {facts.map((fact) => {
        const { rule, personId, name, engagement, clearsOn, exception } = fact;
        return (
          <li key={`${rule} ${personId} ${engagement?.id}`}>
            {!disclosed && (
              <Status kind={exception ? 'minor' : 'major'}>
                {t(exception ? 'reviewer.impartiality.allowed' : 'reviewer.impartiality.breach')}
              </Status>
            )}{' '}
            <span className="font-semibold">{t(`reviewer.rule.${rule}`)}</span>
            <span className="block text-soft">
              {name && <Text>{name}</Text>}
              {engagement &&
                ` – ${t(`reviewer.engagement.${engagement.role}`)}, ${day(engagement.from)} – ${
                  engagement.until ? day(engagement.until) : t('reviewer.impartiality.goesOn')
                }`}
              {clearsOn && ` – ${t('reviewer.queue.until', { day: day(clearsOn) })}`}
            </span>
            {exception ? (
              <span className="block">
                <Text>{exception.reason}</Text>{' '}
                <span className="text-sm text-soft">
                  (<Text>{exception.recordedByName ?? '–'}</Text>, {moment(exception.recordedAt)})
                </span>
              </span>
            ) : (
              !disclosed && <Mend fact={fact} of={of} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** What to do about a breach: have somebody else do it, or, where the programme lets it, an exception by its manager. */
function Mend({ fact, of }: { fact: Fact; of: Facts }) {
  const { t } = useI18n();
  const { userId, memberships } = useMe();
  const allow = useWrite('post', '/api/v1/impartiality-exceptions');
  if (fact.setting === 'block') return <span className="block">{t('reviewer.impartiality.another')}</span>;
  const manager = memberships.some(managesAgency);
  if (!manager || fact.personId === userId)
    return <span className="block">{t('reviewer.impartiality.askManager')}</span>;
  return (
    <span className="mt-1 block">
      <Confirm
        label={t('reviewer.impartiality.allow')}
        title={t('reviewer.impartiality.allow')}
        question={t('reviewer.impartiality.allowQuestion')}
        confirm={t('reviewer.impartiality.allow')}
        fields={
          <TextField
            label={t('reviewer.reason')}
            name="reason"
            multiline
            required
            minLength={10}
            maxLength={1000}
          />
        }
        onConfirm={({ reason = '' }) =>
          allow
            .mutateAsync({
              body: { rule: fact.rule, personId: fact.personId, reason, assessmentId: of.assessmentId },
            })
            .then(() => toast(t('reviewer.impartiality.allowedToast')))
        }
      />
    </span>
  );
}
