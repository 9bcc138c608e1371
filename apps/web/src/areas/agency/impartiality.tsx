import { IMPARTIALITY_RULE_CODES, IMPARTIALITY_RULES, type OrganisationType } from '#domain/impartiality';
import { useMemo, useState } from 'react';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, Panel, Status, Text } from '#web/ui/basics';
import { Checkbox, Form, Select, TextField } from '#web/ui/form';
import { Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { usePart } from './part';

type Rules = Schema<'RulesRow'>;
type Participant = Schema<'ParticipantRow'>;
const DUTIES = ['assessor', 'reviewer', 'decider'] as const;
const SETTINGS = ['block', 'allow-with-reason'] as const;
const TYPES = ['A', 'B', 'C'] as const satisfies readonly OrganisationType[];
const KINDS = [
  'assessment-provider',
  'development-agency',
  'training-provider',
  'buyer',
  'supplier',
  'donor',
  'authority',
] as const;

/** The rules of impartiality of a programme, each with its source; whoever manages it changes all of them at once. */
export default function ImpartialityTab({ programme }: { programme: string }) {
  const { t } = useI18n();
  const path = { id: programme };
  const rules = useRead('/api/v1/programmes/{id}/impartiality-rules', { params: { path } });
  const participants = useRead('/api/v1/programmes/{id}/participants', { params: { path } });
  const { manages } = usePart();
  // What is being changed stays as it was begun: whoever was faster shows when it is saved.
  const [begun, setBegun] = useState<Rules | null>(null);
  return (
    <Loaded query={rules} also={[participants]}>
      {(now) =>
        begun ? (
          <Editor rules={begun} parties={participants.data ?? []} onDone={() => setBegun(null)} />
        ) : (
          <>
            <p className="mb-3 max-w-prose text-soft">{t('roster.rules.lead')}</p>
            {manages && (
              <div className="no-print mb-3">
                <Button onClick={() => setBegun(now)}>{t('roster.rules.change')}</Button>
              </div>
            )}
            <Shown rules={now} parties={participants.data ?? []} />
          </>
        )
      }
    </Loaded>
  );
}

function Shown({ rules, parties }: { rules: Rules; parties: readonly Participant[] }) {
  const { t } = useI18n();
  const rows = useMemo(
    () =>
      IMPARTIALITY_RULE_CODES.map((code) => ({
        code,
        setting: rules.rules[code],
        source: rules.sources[code],
      })),
    [rules],
  );
  const columns = useMemo<readonly Column<(typeof rows)[number]>[]>(
    () => [
      { key: 'rule', header: t('roster.rules.rule'), cell: ({ code }) => t(`reviewer.rule.${code}`) },
      {
        key: 'setting',
        header: t('roster.rules.setting'),
        cell: ({ setting }) => (
          <Status kind={setting === 'block' ? 'conforming' : 'minor'}>
            {t(`roster.setting.${setting}`)}
          </Status>
        ),
      },
      {
        key: 'source',
        header: t('roster.rules.source'),
        cell: ({ source }) => <Text lang="en">{source}</Text>,
      },
    ],
    [t],
  );
  const nameOf = (id: string) =>
    parties.find((each) => each.organisationId === id)?.name ?? t('roster.rules.gone');
  const { byKind, organisations } = rules.organisationTypes;
  return (
    <>
      <div className="mb-4">
        <Table caption={t('roster.rules.title')} columns={columns} rows={rows} rowKey={({ code }) => code} />
      </div>
      <div className="grid items-start gap-x-4 md:grid-cols-2">
        <Panel heading={t('roster.rules.times')}>
          <ul className="list-disc ps-5">
            <li>{t('roster.rules.lookBack', { n: rules.lookBackMonths })}</li>
            <li>{t('roster.rules.acknowledge', { n: rules.complaints.acknowledgeDays })}</li>
            <li>{t('roster.rules.decide', { n: rules.complaints.decideDays })}</li>
          </ul>
        </Panel>
        <Panel heading={t('roster.rules.types')}>
          <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[auto_1fr]">
            {KINDS.flatMap((kind) =>
              byKind[kind] ? (
                <div key={kind} className="contents">
                  <dt className="text-soft">{t(`common.kind.${kind}`)}</dt>
                  <dd className="max-sm:mb-2">{t(`reviewer.type.${byKind[kind]}`)}</dd>
                </div>
              ) : (
                []
              ),
            )}
            {organisations.map(({ organisationId, type, serves = [] }) => (
              <div key={organisationId} className="contents">
                <dt className="font-semibold">
                  <Text>{nameOf(organisationId)}</Text>
                </dt>
                <dd className="max-sm:mb-2">
                  {t(`reviewer.type.${type}`)}
                  {serves.length > 0 && (
                    <span className="block text-soft">
                      {t('roster.rules.serves')}: <Text>{serves.map(nameOf).join(', ')}</Text>
                    </span>
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
    </>
  );
}

/** An organisation of another type than its kind, while the rules are being changed. */
interface Named {
  readonly key: number;
  readonly organisationId: string;
  readonly type: OrganisationType;
  readonly serves: readonly string[];
}

function Editor({
  rules,
  parties,
  onDone,
}: {
  rules: Rules;
  parties: readonly Participant[];
  onDone: () => void;
}) {
  const { t } = useI18n();
  const put = useWrite('put', '/api/v1/programmes/{id}/impartiality-rules');
  const { byKind } = rules.organisationTypes;
  const [named, setNamed] = useState<readonly Named[]>(() =>
    rules.organisationTypes.organisations.map(({ serves = [], ...rest }, key) => ({ key, serves, ...rest })),
  );
  const change = (key: number, to: Partial<Named>) =>
    setNamed(named.map((each) => (each.key === key ? { ...each, ...to } : each)));
  // Organisations that have left the programme keep what was said of them.
  const choices = [
    ...parties.map(({ organisationId, name }) => ({ value: organisationId, label: name })),
    ...named
      .filter(({ organisationId }) => !parties.some((each) => each.organisationId === organisationId))
      .map(({ organisationId }) => ({ value: organisationId, label: t('roster.rules.gone') })),
  ];
  const types = TYPES.map((value) => ({ value, label: t(`reviewer.type.${value}`) }));
  const settings = SETTINGS.map((value) => ({ value, label: t(`roster.setting.${value}`) }));
  return (
    <Form
      submit={t('roster.rules.save')}
      actions={<Button onClick={onDone}>{t('common.cancel')}</Button>}
      onSubmit={async (values) => {
        const kinds = Object.fromEntries(
          Object.entries(byKind).map(([kind, type]) => [
            kind,
            (values[`organisationTypes/byKind/${kind}`] ?? type) as OrganisationType,
          ]),
        );
        await put.mutateAsync({
          params: { path: { id: rules.programmeId } },
          headers: ifMatch(rules.revision),
          body: {
            lookBackMonths: Number(values['lookBackMonths']),
            rules: Object.fromEntries(
              IMPARTIALITY_RULE_CODES.map((code) => [code, values[`rules/${code}`]!]),
            ),
            organisationTypes: {
              byKind: kinds,
              organisations: named.map(({ organisationId, type, serves }) => ({
                organisationId,
                type,
                ...(type === 'B' && serves.length > 0 && { serves: [...serves] }),
              })),
            },
            complaints: {
              acknowledgeDays: Number(values['complaints/acknowledgeDays']),
              decideDays: Number(values['complaints/decideDays']),
            },
          },
        });
        toast(t('roster.rules.changed'));
        onDone();
      }}
    >
      <p className="max-w-prose text-soft">{t('roster.rules.changeLead')}</p>
      {DUTIES.map((duty) => (
        <Panel key={duty} heading={t(`reviewer.duty.${duty}`)} className="!mb-0">
          <div className="grid gap-4 md:grid-cols-2">
            {IMPARTIALITY_RULE_CODES.filter((code) => IMPARTIALITY_RULES[code].duty === duty).map((code) => (
              <Select
                key={code}
                label={t(`reviewer.rule.${code}`)}
                hint={<Text lang="en">{rules.sources[code]}</Text>}
                name={`rules/${code}`}
                defaultValue={rules.rules[code]}
                options={settings}
              />
            ))}
          </div>
        </Panel>
      ))}
      <Panel heading={t('roster.rules.times')} className="!mb-0">
        <div className="grid items-end gap-4 md:grid-cols-3">
          <TextField
            label={t('roster.rules.lookBackLabel')}
            name="lookBackMonths"
            type="number"
            required
            min={0}
            max={120}
            defaultValue={String(rules.lookBackMonths)}
          />
          <TextField
            label={t('roster.rules.acknowledgeLabel')}
            name="complaints/acknowledgeDays"
            type="number"
            required
            min={1}
            max={366}
            defaultValue={String(rules.complaints.acknowledgeDays)}
          />
          <TextField
            label={t('roster.rules.decideLabel')}
            name="complaints/decideDays"
            type="number"
            required
            min={1}
            max={366}
            defaultValue={String(rules.complaints.decideDays)}
          />
        </div>
      </Panel>
      <Panel heading={t('roster.rules.types')} className="!mb-0">
        <div className="grid gap-4 md:grid-cols-2">
          {KINDS.flatMap((kind) =>
            byKind[kind] ? (
              <Select
                key={kind}
                label={t(`common.kind.${kind}`)}
                name={`organisationTypes/byKind/${kind}`}
                defaultValue={byKind[kind]}
                options={types}
              />
            ) : (
              []
            ),
          )}
        </div>
        <h3 className="mt-5 mb-2">{t('roster.rules.others')}</h3>
        <ul className="grid gap-4">
          {named.map(({ key, organisationId, type, serves }, n) => (
            <li key={key} className="grid gap-3 rounded-lg border border-line p-3">
              <div className="grid gap-4 md:grid-cols-2">
                <Select
                  label={t('roster.rules.organisation')}
                  name={`organisationTypes/organisations/${n}`}
                  value={organisationId}
                  onChange={(value) => change(key, { organisationId: value })}
                  options={choices}
                />
                <Select
                  label={t('roster.rules.type')}
                  name={`organisationTypes/organisations/${n}/type`}
                  value={type}
                  onChange={(value) => change(key, { type: value as OrganisationType })}
                  options={types}
                />
              </div>
              {type === 'B' && (
                <fieldset>
                  <legend className="mb-1 font-medium">{t('roster.rules.serves')}</legend>
                  <div className="grid sm:grid-cols-2">
                    {choices
                      .filter(({ value }) => value !== organisationId)
                      .map(({ value, label }) => (
                        <Checkbox
                          key={value}
                          label={<Text>{label}</Text>}
                          name={`serves/${n}`}
                          checked={serves.includes(value)}
                          onChange={({ target }) =>
                            change(key, {
                              serves: target.checked
                                ? [...serves, value]
                                : serves.filter((each) => each !== value),
                            })
                          }
                        />
                      ))}
                  </div>
                </fieldset>
              )}
              <div>
                <Button look="quiet" onClick={() => setNamed(named.filter((each) => each.key !== key))}>
                  {t('roster.rules.dropOrganisation')}
                </Button>
              </div>
            </li>
          ))}
        </ul>
        {choices[0] && (
          <Button
            icon="plus"
            className="mt-3"
            onClick={() =>
              setNamed([
                ...named,
                {
                  key: Math.max(-1, ...named.map((each) => each.key)) + 1,
                  organisationId:
                    choices.find(({ value }) => !named.some((each) => each.organisationId === value))
                      ?.value ?? choices[0]!.value,
                  type: 'C',
                  serves: [],
                },
              ])
            }
          >
            {t('roster.rules.addOrganisation')}
          </Button>
        )}
      </Panel>
    </Form>
  );
}
