import { useCategories } from '#web/api/categories';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { ButtonLink, Link, PageHeader, Panel, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { ForBuyer } from './buyer';

/** `/buyer/rules`: what the buyer asks for. */
export default function RulesPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader
        title={t('buyer.rules.title')}
        lead={t('buyer.rules.lead')}
        actions={
          <ButtonLink look="primary" icon="plus" href="/buyer/rules/new">
            {t('buyer.rules.new')}
          </ButtonLink>
        }
      />
      <ForBuyer>{(buyer) => <Rules buyer={buyer} />}</ForBuyer>
    </>
  );
}

function Rules({ buyer }: { buyer: string }) {
  const { t, list } = useI18n();
  const { nameOf, names } = useCategories();
  const rules = useRead('/api/v1/buyers/{id}/rules', { params: { path: { id: buyer } } });
  return (
    <Loaded
      query={rules}
      also={[names]}
      empty={<EmptyState title={t('buyer.rules.none')}>{t('buyer.rules.noneFix')}</EmptyState>}
    >
      {(all) =>
        all.map(({ id, rule, version, body }) => (
          <Panel
            key={id}
            heading={
              <Link href={`/buyer/rules/${rule}`}>
                <Text>{body.title}</Text>
              </Link>
            }
          >
            <p>
              {body.categories.includes('*')
                ? t('buyer.rule.anyCategory')
                : list(body.categories.map(nameOf))}
            </p>
            <p className="text-sm text-soft">
              <bdi dir="ltr">
                {body.checklist}, {body.level}, {body.profile}
              </bdi>{' '}
              – {t('buyer.rules.version', { version })}
            </p>
          </Panel>
        ))
      }
    </Loaded>
  );
}
