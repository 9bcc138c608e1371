import { type ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs as AriaTabs } from 'react-aria-components/Tabs';
import { I18nProvider } from 'react-aria-components/I18nProvider';
import { useSearchParams } from 'wouter';
import { useI18n } from '#web/i18n';

/** Views of one thing, one at a time; which, the address says (`?tab=`), so that it can be sent and comes back. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { readonly id: string; readonly title: string; readonly content: ReactNode }[];
}) {
  const { intl } = useI18n();
  const [search, setSearch] = useSearchParams();
  const asked = search.get('tab');
  return (
    <I18nProvider locale={intl}>
      <AriaTabs
        selectedKey={(tabs.find(({ id }) => id === asked) ?? tabs[0])?.id ?? ''}
        onSelectionChange={(id) =>
          setSearch(
            (before) => {
              before.set('tab', String(id));
              return before;
            },
            // Back leads to the page before, not through the tabs.
            { replace: true },
          )
        }
      >
        <TabList aria-label={label} className="mb-4 flex gap-1 overflow-x-auto border-b border-line">
          {tabs.map(({ id, title }) => (
            <Tab
              key={id}
              id={id}
              className="min-h-11 cursor-pointer border-b-4 border-transparent px-4 py-2 whitespace-nowrap text-soft outline-offset-[-3px] selected:border-brand selected:font-semibold selected:text-ink data-focus-visible:outline-3 data-focus-visible:outline-focus data-selected:border-brand data-selected:font-semibold data-selected:text-ink"
            >
              {title}
            </Tab>
          ))}
        </TabList>
        {tabs.map(({ id, content }) => (
          <TabPanel key={id} id={id}>
            {content}
          </TabPanel>
        ))}
      </AriaTabs>
    </I18nProvider>
  );
}
