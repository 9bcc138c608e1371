import { useLocation, useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { PageHeader, Panel } from '#web/ui/basics';
import { CountryField } from '#web/ui/country';
import { Checkboxes, PlaceFields, SpokenLanguages } from '#web/ui/field-groups';
import { Form, TextField } from '#web/ui/form';
import { Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { HasLeft, useBusinesses } from './parts';

/** `/supplier/sites/new/:organisation`: another place where the business produces. */
export function NewSitePage() {
  const { t } = useI18n();
  const [, go] = useLocation();
  const { organisation } = useParams<{ organisation: string }>();
  const business = useRead('/api/v1/organisations/{id}', { params: { path: { id: organisation } } });
  const add = useWrite('post', '/api/v1/sites');
  const leftOn = useBusinesses().find(({ id }) => id === organisation)?.leftOn;
  return (
    <>
      <PageHeader
        title={t('supplier.sites.add')}
        back={{ href: '/supplier', label: t('supplier.sites.title') }}
      />
      <Loaded query={business}>
        {({ country }) =>
          leftOn ? (
            <HasLeft on={leftOn} />
          ) : (
            <SiteForm
              site={{ country }}
              onSave={async (body) => {
                const { id } = await add.mutateAsync({ body: { organisationId: organisation, ...body } });
                toast(t('supplier.siteForm.added'));
                // Who came here to join a programme with it goes on there.
                go(location.hash ? `/supplier/join${location.hash}` : `/supplier/sites/${id}`);
              }}
            />
          )
        }
      </Loaded>
    </>
  );
}

/** `/supplier/sites/:id/change`: what others know of the site, and what the planner goes by. */
export function ChangeSitePage() {
  const { t } = useI18n();
  const [, go] = useLocation();
  const { id } = useParams<{ id: string }>();
  const site = useRead('/api/v1/sites/{id}', { params: { path: { id } } });
  const change = useWrite('patch', '/api/v1/sites/{id}');
  return (
    <>
      <PageHeader
        title={t('supplier.siteForm.change')}
        back={{ href: `/supplier/sites/${id}`, label: site.data?.name ?? t('common.site') }}
      />
      <Loaded query={site}>
        {(row) => (
          <SiteForm
            site={row}
            onSave={async (body) => {
              await change.mutateAsync({ params: { path: { id } }, headers: ifMatch(row.revision), body });
              toast(t('supplier.siteForm.saved'));
              go(`/supplier/sites/${id}`);
            }}
          />
        )}
      </Loaded>
    </>
  );
}

type Body = Pick<Schema<'NewSiteDto'>, 'name' | 'city' | 'country' | 'lat' | 'lon'> & {
  categories: string[];
  languages: string[];
};

function SiteForm({
  site,
  onSave,
}: {
  site: Partial<Schema<'SiteRow'>>;
  onSave: (body: Body) => Promise<unknown>;
}) {
  const { t } = useI18n();
  const categories = useRead('/api/v1/categories', { params: { query: { lang: serverLocale() } } });
  return (
    <Loaded query={categories}>
      {(named) => (
        <Panel className="max-w-2xl">
          <Form
            submit={t('common.save')}
            onSubmit={({ name, city, country: code, lat, lon }, data) =>
              onSave({
                name: name!,
                city: city ?? '',
                country: code!,
                ...(lat && lon && { lat: Number(lat), lon: Number(lon) }),
                categories: data.getAll('categories') as string[],
                languages: data.getAll('languages') as string[],
              })
            }
          >
            <TextField
              label={t('supplier.siteForm.name')}
              hint={t('supplier.siteForm.nameHint')}
              name="name"
              required
              maxLength={200}
              {...(site.name !== undefined && { defaultValue: site.name })}
            />
            <TextField
              label={t('supplier.siteForm.city')}
              name="city"
              maxLength={200}
              {...(site.city !== undefined && { defaultValue: site.city })}
            />
            <CountryField label={t('supplier.siteForm.country')} name="country" defaultValue={site.country} />
            <Checkboxes
              label={t('supplier.siteForm.categories')}
              hint={t('supplier.siteForm.categoriesHint')}
              name="categories"
              options={named.map(({ code }) => code)}
              chosen={site.categories ?? []}
              nameOf={(code) => (
                <bdi dir="auto">{named.find((each) => each.code === code)?.name ?? code}</bdi>
              )}
              columns="sm:grid-cols-2"
            />
            <SpokenLanguages label={t('supplier.siteForm.languages')} chosen={site.languages ?? []} />
            <PlaceFields
              label={t('supplier.siteForm.where')}
              hint={t('supplier.siteForm.whereHint')}
              at={site}
            />
          </Form>
        </Panel>
      )}
    </Loaded>
  );
}
