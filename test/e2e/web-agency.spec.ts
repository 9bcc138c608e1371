import { addDays } from '#domain';
import { makeQueue } from '#platform';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import {
  basicRequirements,
  daysAgo,
  finish,
  openAssessment,
  type Programme,
  seedProgramme,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';
import { audit, settled, SIZES, startWeb, type WebApp, withBrowser } from '../support/web.js';

let web: WebApp;
let p: Programme;
const shots = process.env['UPLIFT_SHOTS'];
const ADMINISTRATOR = 'manager-one@example.org';

/** Looks at the page as it is now: accessible, nothing sticking out sideways, a picture where one is wanted. */
async function look(page: Page, name: string): Promise<void> {
  await settled(page);
  await audit(page);
  const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  expect([name, Math.max(0, over)]).toEqual([name, 0]);
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
}
const drawn = (page: Page) => page.locator('figure svg').first().waitFor();

withBrowser('the web app of agencies and administrators', () => {
  beforeAll(async () => {
    web = await startWeb('test_web_agency', { UPLIFT_ADMINISTRATORS: ADMINISTRATOR });
    p = await seedProgramme(web.app);
    await web.app.sql(`UPDATE auth."user" SET email = $1 WHERE id = $2`, [ADMINISTRATOR, p.manager.id]);
    p = { ...p, manager: { ...p.manager, email: ADMINISTRATOR } };
    const asked = await basicRequirements(web.app, '2');
    const baseline = await openAssessment(p, {});
    await finish(
      p,
      baseline.id,
      asked.map(({ code }, n) => ({ requirement: code, answer: n % 2 ? 'conform' : 'major' })),
    );
    const followUp = await openAssessment(p, {
      kind: 'follow-up',
      baselineId: baseline.id,
      assessedOn: daysAgo(10),
    });
    await finish(
      p,
      followUp.id,
      asked.map(({ code }) => ({ requirement: code, answer: 'conform' })),
    );
    await web.app.idle();
  }, 240_000);
  afterAll(() => web?.stop());

  test('a visit is moved within its window, and back; who was slower sees the day that it has by then', async () => {
    await web.app.idle();
    const [{ id, planned }] = (await web.app.sql(
      `UPDATE visit SET latest = planned_on + 20 WHERE site_id = $1 AND state = 'planned'
       RETURNING id, planned_on::text AS planned`,
      [p.site],
    )) as [{ id: string; planned: string }];
    // Days on which they work, after the one that it has.
    const [sooner, later] = [...Array(20).keys()]
      .map((n) => addDays(planned, n + 1))
      .filter((day) => [1, 2, 3, 4].includes(new Date(day).getUTCDay()));
    const on = async () =>
      (await web.app.sql(`SELECT planned_on::text AS day FROM visit WHERE id = $1`, [id]))[0]!.day;
    const { page, context, calm } = await web.visitAs(p.manager, '/app/agency/visits');
    const slower = await web.visitAs(p.manager, '/app/agency/visits');
    for (const [tab, day] of [
      [page, sooner!],
      [slower.page, later!],
    ] as const) {
      await tab.getByRole('button', { name: 'Move', exact: true }).first().click();
      await tab.getByRole('dialog').getByLabel('Day').fill(day);
    }
    const confirm = (tab: Page) =>
      tab.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click();
    await confirm(page);
    await page.getByText('The visit to Site one is on').waitFor();
    await confirm(slower.page);
    await slower.page.getByText('Somebody else has changed this visit meanwhile.').waitFor();
    await look(slower.page, 'agency-visit-meanwhile-en-desktop');
    expect(await on()).toBe(sooner);
    await page.getByRole('button', { name: 'Undo' }).click();
    await waitFor(async () => (await on()) === planned, { what: 'the visit back on its day' });
    slower.calm(/412/);
    await slower.context.close();
    calm();
    await context.close();
  }, 60_000);

  test('an agency reads a cohort’s flow, gains, sections, map and visits, starts another and records an exit', async () => {
    await waitFor(
      async () => {
        const { body } = await p.manager.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(200);
        return (body as { n: { matched: number } }).n.matched === 1;
      },
      { what: 'the gain in the cohort', deadlineMs: 30_000 },
    );
    const { page, context, calm } = await web.visitAs(p.manager, '/app/agency');
    await look(page, 'agency-cohorts-en-desktop');
    await page.getByRole('link', { name: 'Cohort one' }).click();
    await page.getByText('1 of 1 enrolled sites have had a follow-up.').waitFor();
    await drawn(page);
    await page.getByText('Of 1 sites with both: 1 improved, 0 the same, 0 worse').waitFor();
    await page.getByText('Without a comparable pair: 0 of 1').waitFor();
    // The chart's figures are a table, too, each with its denominator.
    await page.locator('main summary').first().click();
    await page.getByRole('rowheader', { name: 'Passed' }).waitFor();
    await page.getByRole('cell', { name: '1 of 1' }).first().waitFor();
    await look(page, 'agency-cohort-en-desktop');
    for (const [tab, seen] of [
      ['Sections', 'Points by section'],
      ['Map', '1 of 1 sites have coordinates and are drawn.'],
      ['Visits', 'Visits by month'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByText(seen).first().waitFor();
      await drawn(page);
      await look(page, `agency-${tab}-en-desktop`);
    }

    await page.getByRole('link', { name: 'Cohorts' }).last().click();
    await page.getByRole('button', { name: 'New cohort' }).click();
    await page.getByLabel('Cohort', { exact: true }).fill('Cohort two');
    await page.getByLabel('Began').fill(daysAgo(20));
    await audit(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: 'Cohort two' }).click();
    await page.getByRole('tab', { name: 'Sites' }).click();
    await page.getByText('No site enrolled yet').waitFor();
    await page.getByRole('button', { name: 'Enrol a site' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Site').selectOption({ label: 'Site one' });
    await dialog.getByLabel('Enrolled on').fill(daysAgo(10));
    await dialog.getByRole('button', { name: 'Enrol a site' }).click();
    await page.getByText('Taking part').waitFor();
    await page.getByRole('button', { name: 'Record exit' }).click();
    // Refused: "other" asks for a note. What was chosen stays.
    await dialog.getByLabel('Reason').selectOption('other');
    await dialog.getByRole('button', { name: 'Record exit' }).click();
    await dialog.locator('[aria-invalid=true], [role=alert]').first().waitFor();
    await audit(page);
    await dialog.getByLabel('Reason').selectOption('cost');
    await dialog.getByRole('button', { name: 'Record exit' }).click();
    await page.getByRole('cell', { name: /Left .* Cost/ }).waitFor();
    await look(page, 'agency-sites-en-desktop');
    calm(/422/);
    await context.close();
  }, 120_000);

  test('an agency makes an assessor known, records an absence and coaching, and changes a rule of impartiality', async () => {
    const { email } = await web.app.person('Mentor one', [[p.provider, 'mentor']]);
    const { page, context, calm } = await web.visitAs(p.manager, '/app/agency/assessors');
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Make somebody known' }).click();
    await dialog.getByLabel('Organisation').selectOption({ label: 'Provider one' });
    await dialog.getByLabel('E-mail address').fill(email);
    await dialog.getByLabel('Country of public holidays').selectOption('EG');
    await dialog.getByLabel('Food manufacturing').check();
    await audit(page);
    // A mentor of the provider is no assessor of it: said at the field.
    await dialog.getByRole('button', { name: 'Make somebody known' }).click();
    await dialog.getByText('Add them to the organisation in the role assessor first.').waitFor();
    expect(await dialog.getByLabel('E-mail address').getAttribute('aria-invalid')).toBe('true');
    await dialog.getByRole('radio', { name: 'Mentor' }).check();
    await dialog.getByRole('button', { name: 'Make somebody known' }).click();
    await look(page, 'agency-assessors-en-desktop');
    await page.getByRole('link', { name: 'Mentor one' }).click();

    await page.getByRole('button', { name: 'Record an absence' }).click();
    await dialog.getByText('Planned visits in these days, which move: 0 of 0').waitFor();
    await dialog.getByLabel('First day').fill(daysAgo(-9));
    await dialog.getByLabel('Last day').fill(daysAgo(-7));
    await dialog.getByRole('button', { name: 'Record an absence' }).click();
    await dialog.getByText(`Give a day from ${daysAgo(-9)} on.`).waitFor();
    await dialog.getByLabel('Last day').fill(daysAgo(-12));
    await dialog.getByLabel('Reason').fill('Wedding');
    await dialog.getByRole('button', { name: 'Record an absence' }).click();
    await page.getByText('Wedding').first().waitFor();
    await look(page, 'agency-assessor-en-desktop');
    await page.getByRole('button', { name: 'Take back' }).click();
    await dialog.getByRole('button', { name: 'Take back' }).click();
    await page.getByText('No absence recorded from today on').waitFor();

    await page.getByRole('link', { name: 'Coaching' }).last().click();
    await page.getByRole('button', { name: 'Register coaching' }).click();
    await dialog.getByLabel('Person').selectOption({ label: 'Mentor one' });
    await dialog.getByLabel('Site').selectOption({ label: 'Site one' });
    await dialog.getByRole('button', { name: 'Register coaching' }).click();
    await page.getByRole('rowheader', { name: 'Mentor one' }).waitFor();
    await look(page, 'agency-coaching-en-desktop');
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await dialog.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByText('Ended (1)').click();
    await page.getByRole('rowheader', { name: 'Mentor one' }).waitFor();
    // Colleagues coach, too, whom the planner doesn't know.
    await page.getByRole('button', { name: 'Register coaching' }).click();
    await dialog.getByLabel('Person').selectOption({ label: 'Manager one' });
    await dialog.getByLabel('Site').selectOption({ label: 'Site one' });
    await dialog.getByRole('button', { name: 'Register coaching' }).click();
    await page.getByText('Going on (1)').click();
    await page.getByRole('rowheader', { name: 'Manager one' }).waitFor();

    await page.goto(`/app/agency/programmes/${p.programme}?tab=impartiality`);
    await page.getByRole('button', { name: 'Change the rules' }).click();
    await page.getByLabel('Who reviews coached this site').selectOption('allow-with-reason');
    await page.getByLabel('Days to decide on it').fill('3');
    await audit(page);
    await page.getByRole('button', { name: 'Set the rules' }).click();
    await page.getByText('Give at least as many days as to acknowledge.').waitFor();
    await page.getByLabel('Days to decide on it').fill('45');
    await page.getByRole('button', { name: 'Set the rules' }).click();
    await page.getByText('They are decided within 45 days.').waitFor();
    await page
      .getByRole('row')
      .filter({ hasText: 'Who reviews coached this site' })
      .getByText('May be allowed, with a reason')
      .waitFor();
    calm(/422/);
    await context.close();
  }, 60_000);

  test('an assessor changes what the planner goes by, but not what they are competent in', async () => {
    const { page, context, calm } = await web.visitAs(p.assessor, '/app/assessor/visits', {
      viewport: SIZES.phone,
    });
    await page.getByText('What the planner knows of me').click();
    await page.getByText('Food manufacturing').waitFor();
    await page.getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Food manufacturing').count()).toBe(0);
    await dialog.getByLabel('French').check();
    await dialog.getByLabel('Visits a week').fill('2');
    await audit(page);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('at most 2 visits a week').waitFor();
    await page.getByText('Arabic and French').waitFor();
    const { body } = await p.manager.agent.get(`/api/v1/assessors/${p.assessor.id}`).expect(200);
    expect(body).toMatchObject({
      competences: ['food-manufacturing'],
      part: 'assessor',
      maxVisitsPerWeek: 2,
    });
    calm();
    await context.close();
  });

  test('a cohort of three thousand has its overview, and its list is narrowed while it is long', async () => {
    const [{ id }] = (await web.app.sql(
      `INSERT INTO cohort (id, programme_id, name, starts_on) VALUES (gen_random_uuid(), $1, 'Cohort of thousands', current_date - 30) RETURNING id`,
      [p.programme],
    )) as [{ id: string }];
    await web.app.sql(
      `WITH o AS (INSERT INTO organisation (id, name, kind, country) SELECT gen_random_uuid(), 'Supplier ' || n, 'supplier', 'EG' FROM generate_series(1, 3000) n RETURNING id, name),
            s AS (INSERT INTO site (id, organisation_id, name, city, country) SELECT gen_random_uuid(), id, name, 'Giza', 'EG' FROM o RETURNING id, name)
       INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on, exited_on, exit_reason)
       SELECT gen_random_uuid(), $1, id, current_date - 20, CASE WHEN name LIKE '%7' THEN current_date END, CASE WHEN name LIKE '%7' THEN 'cost' END FROM s`,
      [id],
    );
    const { page, context, calm } = await web.visitAs(p.manager, `/app/agency/cohorts/${id}`);
    await page.getByText('0 of 3,000 enrolled sites have had a follow-up.').waitFor();
    await page.getByText('Without a comparable pair: 3,000 of 3,000').waitFor();
    await page.getByText('No comparable follow-up yet').waitFor();
    await drawn(page);
    let calls = 0;
    page.on('request', (request) => (calls += Number(request.url().includes('/api/v1/'))));
    await page.getByRole('tab', { name: 'Sites' }).click();
    await page.getByText('3,000 of 3,000').waitFor();
    // The first page, and three long ones.
    expect(calls).toBe(4);
    await page.getByRole('rowheader', { name: 'Supplier 1', exact: true }).waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(100);
    await page.getByRole('button', { name: /^Site/ }).click();
    await page.getByRole('rowheader', { name: 'Supplier 3000' }).waitFor();
    await page.getByRole('searchbox').fill('supplier 299');
    await page.getByText('13 of 3,000').waitFor();
    expect(await page.getByRole('rowheader').allTextContents()).toEqual(
      [2999, 2998, 2997, 2996, 2995, 2994, 2993, 2992, 2991, 2990, 2299, 1299, 299].map(
        (n) => `Supplier ${n}`,
      ),
    );
    calm();
    await context.close();
  }, 60_000);

  test('a faulty checklist is refused with its lines, a good one is published and tried', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/admin/checklists/import');
    const file = (text: string) => ({
      name: 'bakery.yaml',
      mimeType: 'application/yaml',
      buffer: Buffer.from(text),
    });
    const good = [
      'format: uplift.checklist/1',
      'checklist: bakery',
      "version: '1'",
      'title: Bakery',
      'language: en',
      'levels: [{ code: basic, title: Basic }]',
      'sections: [{ code: A, title: Ovens }]',
      'requirements:',
      '  - { code: B-01, section: A, level: basic, question: Is the oven clean?, criticality: major }',
      '  - { code: B-02, section: A, level: basic, question: Is the floor dry?, criticality: minor }',
    ];
    const bad = good
      .map((line) => line.replace('criticality: minor', 'criticality: enormous'))
      .map((line) =>
        line.replace(', section: A, level: basic, question: Is the oven clean?', ', level: basic'),
      );
    await page.getByLabel(/^Files/).setInputFiles(file(bad.join('\n')));
    await page
      .getByText(/^Line 9, column \d+$/)
      .first()
      .waitFor();
    await page
      .getByText(/^Line 10, column \d+$/)
      .first()
      .waitFor();
    await page
      .getByText(/criticality: enormous/)
      .first()
      .waitFor();
    await look(page, 'admin-import-faults-en-desktop');
    // Whole by its form, but not by its sense: the section isn't there.
    await page
      .getByLabel(/^Files/)
      .setInputFiles(file(good.join('\n').replace('B-02, section: A', 'B-02, section: Z')));
    await page.getByText(/^Line 10, column \d+$/).waitFor();
    await page.getByLabel(/^Files/).setInputFiles(file(good.join('\n')));
    await page.getByText('bakery 1').waitFor();
    expect((await p.manager.agent.get('/api/v1/checklists/bakery/1')).status).toBe(404);
    await look(page, 'admin-import-good-en-desktop');
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Published.', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Checklists' }).last().click();
    await page.getByRole('link', { name: 'Bakery 1' }).click();
    const act = async (button: string, reason: string): Promise<void> => {
      await page.getByRole('button', { name: button, exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel(/^Reason/).fill(reason);
      if (button === 'Withdraw')
        await dialog.getByLabel('To be used instead').selectOption({ label: 'Food manufacturing 2' });
      await look(page, `admin-${button.toLowerCase()}-en-desktop`);
      await dialog.getByRole('button', { name: button, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    };
    await act('Withdraw', 'Ovens are asked about twice.');
    await page.getByText('No new assessment begins with it; what is open goes on.').waitFor();
    await page.getByText('Ovens are asked about twice.').waitFor();
    await page.getByRole('link', { name: 'Food manufacturing 2' }).waitFor();
    await look(page, 'admin-withdrawn-en-desktop');
    await page.getByRole('link', { name: 'Checklists' }).last().click();
    await page.getByText('Withdrawn', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Bakery 1' }).click();
    await act('Reinstate', 'They are two ovens.');
    await page.getByRole('heading', { name: 'Earlier withdrawals' }).waitFor();
    await page.getByText('They are two ovens.').waitFor();
    await look(page, 'admin-reinstated-en-desktop');
    await page.getByRole('link', { name: 'Checklists' }).last().click();
    await page.getByRole('link', { name: 'Food manufacturing 2' }).click();
    await page.getByRole('tab', { name: 'Changes' }).click();
    await page.getByText('From 1 to 2, by the official crosswalk.').waitFor();
    await page.getByText('Reworded').first().waitFor();
    await look(page, 'admin-changes-en-desktop');

    await page.goto('/app/admin/profiles/programme-default/1');
    await page.getByLabel('Checklist').selectOption({ label: 'Bakery 1' });
    await page.getByText('100 of 100 points').waitFor();
    await page.getByLabel('Answer to B-01').selectOption({ label: 'Not answered' });
    await page.getByText('Cannot be scored yet').waitFor();
    await page.getByText('Of 2 items: not answered 1, not applicable 0').waitFor();
    await page.getByLabel('Answer to B-01').selectOption('major');
    await page.getByText('50 of 100 points').waitFor();
    await page.getByText('Not passed').waitFor();
    await look(page, 'admin-profile-en-desktop');
    calm(/422/);
    await context.close();
  }, 120_000);

  test('people are invited, failed jobs retried, changes found in the trail', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/admin');
    await page.getByRole('button', { name: 'Invite' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('E-mail address').fill('newcomer@example.org');
    await dialog.getByLabel('Role').selectOption('viewer');
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await page.getByRole('cell', { name: 'Waiting' }).waitFor();
    await look(page, 'admin-people-en-desktop');

    const queue = makeQueue(web.app.config);
    try {
      const id = randomUUID();
      await queue.add('no-such-job', {}, { jobId: id, attempts: 1 });
      const finished = () =>
        waitFor(async () => (await queue.getJob(id))?.finishedOn ?? null, { what: 'the failure' });
      const first = await finished();
      await page.getByRole('link', { name: 'Failed jobs' }).click();
      await page.getByText('It failed for a reason that only the technical text tells.').waitFor();
      await page.getByText('Technical text').click();
      await page.getByText(/There is no handler for the job/).waitFor();
      await look(page, 'admin-jobs-en-desktop');
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('The job is back in the queue.').waitFor();
      await waitFor(async () => ((await finished()) as number) > (first as number), {
        what: 'the second failure',
      });
      await (await queue.getJob(id))!.remove();
    } finally {
      await queue.close();
    }

    // Whoever looks after the installation founds agencies, too, and invites their first owner.
    await page.getByRole('link', { name: 'Organisations' }).click();
    await page.getByRole('button', { name: 'New organisation' }).click();
    await dialog.getByLabel('Name').fill('Agency of the North');
    await dialog.getByLabel('Country').selectOption({ label: 'Côte d’Ivoire' });
    await dialog.getByLabel('Kind').selectOption('development-agency');
    await dialog.getByLabel('E-mail address of its owner').fill('north@example.org');
    await look(page, 'admin-found-en-desktop');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('An invitation is on its way to north@example.org.').waitFor();
    await page.getByRole('rowheader', { name: 'Agency of the North' }).waitFor();
    expect(
      await web.app.sql(
        `SELECT o.kind, o.country, i.role FROM invitation i JOIN organisation o ON o.id = i.organisation_id WHERE i.email = 'north@example.org'`,
      ),
    ).toEqual([{ kind: 'development-agency', country: 'CI', role: 'owner' }]);

    await page.getByRole('link', { name: 'Audit trail' }).click();
    await page.getByLabel('Organisation').selectOption({ label: 'Agency one' });
    await page.getByLabel('What').selectOption('invitation');
    await page.getByRole('button', { name: 'Search' }).click();
    await page
      .getByRole('listitem')
      .filter({ hasText: 'Invitation' })
      .filter({ hasText: 'Manager one' })
      .waitFor();
    await page.locator('main li summary').first().click();
    await page.getByRole('rowheader', { name: 'role' }).waitFor();
    await look(page, 'admin-audit-en-desktop');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export what was found' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('audit.jsonl');

    await page.getByRole('link', { name: 'API tokens' }).click();
    await page.getByRole('button', { name: 'New token' }).click();
    await dialog.getByLabel('Name').fill('Nightly');
    await dialog.getByRole('button', { name: 'New token' }).click();
    await page.getByRole('heading', { name: 'Keep this token now' }).waitFor();
    await audit(page);
    await page.keyboard.press('Escape');
    await page.getByRole('rowheader', { name: /Nightly/ }).waitFor();
    await look(page, 'admin-tokens-en-desktop');
    calm();
    await context.close();
  }, 120_000);

  test('inspection records: what is missing is told before sending, every fault after, and good ones are all imported', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/agency/imports');
    const folder = 'test/cases/inspections/points';
    const file = (name: string, text = readFileSync(`${folder}/${name}`, 'utf8')) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(text),
    });
    // Of profiles in files only the shipped ones may be named.
    const mapping = readFileSync(`${folder}/mapping.yaml`, 'utf8').replace('../../../../checklists/', '../');
    const tables = ['sites.csv', 'visits.csv', 'findings.csv', 'items.csv'].map((name) => file(name));
    const choose = (...files: ReturnType<typeof file>[]) =>
      page.getByLabel('Choose files').setInputFiles([file('mapping.yaml', mapping), ...files]);
    const handIn = async () => {
      await page.getByLabel('Country of the sites').selectOption('EG');
      await page.getByRole('button', { name: 'Import', exact: true }).click();
    };

    await choose(...tables.slice(1));
    await page.getByText(/^Missing: sites\.csv\. /).waitFor();
    expect(await page.getByRole('button', { name: 'Import', exact: true }).count()).toBe(0);
    const visits = file(
      'visits.csv',
      'visit,site,day,kind,score\nv1,s1,2020-02-30,regular,100\nv2,s1,2020-02-01,regular,many\n',
    );
    await choose(...tables.map((table) => (table.name === visits.name ? visits : table)));
    await look(page, 'agency-imports-en-desktop');
    await handIn();
    await page.getByText('Nothing was imported', { exact: true }).waitFor();
    for (const words of [
      ['visits.csv', '2', 'day', '2020-02-30'],
      ['visits.csv', '3', 'score', 'many'],
    ])
      await page
        .getByRole('row')
        .filter({ hasText: new RegExp(words.join('.*')) })
        .waitFor();
    await look(page, 'agency-import-failed-en-desktop');
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as CSV' }).click(),
    ]);
    expect(readFileSync(await saved.path(), 'utf8').split('\r\n')).toEqual([
      expect.stringContaining('"File"'),
      expect.stringMatching(/^"visits.csv",2,"day","impossible-date",/),
      expect.stringMatching(/^"visits.csv",3,"score","not-a-number",/),
      '',
    ]);
    const sites = async () => web.app.sql(`SELECT FROM site WHERE organisation_id = $1`, [p.agency]);
    expect(await sites()).toEqual([]);

    await page.getByRole('link', { name: 'Hand in again' }).click();
    await choose(...tables);
    await handIn();
    await page.getByText('Imported', { exact: true }).waitFor();
    await page.getByText('Exceptions: 13 in 19 inspections').waitFor();
    expect(await sites()).toHaveLength(4);
    calm();
    await context.close();
  }, 60_000);

  test('who doesn’t look after the installation sees no failed jobs', async () => {
    const { page, context, calm } = await web.visitAs(p.reviewer, '/app/reviewer');
    await p.reviewer.agent.get('/api/v1/jobs/failed').expect(403);
    expect(await page.getByRole('link', { name: 'Failed jobs' }).count()).toBe(0);
    calm();
    await context.close();
  });

  test('every page is accessible in Arabic, in the dark, on a phone', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/agency?lang=ar', {
      viewport: SIZES.phone,
      colorScheme: 'dark',
    });
    for (const [path, tabs] of [
      ['agency', 0],
      [`agency/cohorts/${p.cohort}`, 5],
      ['agency/programmes', 0],
      [`agency/programmes/${p.programme}`, 5],
      ['agency/imports', 0],
      ['agency/visits', 0],
      ['agency/assessors', 0],
      [`agency/assessors/${p.assessor.id}`, 0],
      ['agency/coaching', 0],
      ['admin/organisations', 0],
      ['admin/checklists', 0],
      ['admin/checklists/import', 0],
      ['admin/checklists/primary-production/1', 3],
      ['admin/profiles', 0],
      ['admin/profiles/programme-default/1', 0],
      ['admin/audit', 0],
      ['admin/tokens', 0],
      ['admin/jobs', 0],
      ['admin', 0],
    ] as const) {
      await page.goto(`/app/${path}`);
      await settled(page);
      for (let tab = 0; tab < Math.max(1, tabs); tab += 1) {
        if (tab > 0) await page.getByRole('tab').nth(tab).click();
        await look(page, `${path.split('/').slice(0, 3).join('-')}-${tab}-ar-phone`);
      }
    }
    calm();
    await context.close();
  }, 180_000);

  // The last: it takes the provider with its assessors out of the programme.
  test('who answers for a programme sees all that was entered for an item, what couldn’t count, and takes a participant out', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/icon.svg');
    const [{ id }] = (await web.app.sql(
      `SELECT id FROM assessment WHERE kind = 'baseline' AND site_id = $1`,
      [p.site],
    )) as [{ id: string }];
    const offline = await p.assessor.agent.get(`/api/v1/assessments/${id}/offline`).expect(200);
    const [{ code: requirement }] = offline.body.checklist.requirements as [{ code: string }];
    // A device that comes back after the assessment was closed.
    await p.assessor.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send({
        device: randomUUID(),
        checklistHash: offline.body.checklistHash,
        operations: [
          {
            id: randomUUID().replace(/^(.{14})./, '$17'),
            seq: 1,
            requirement,
            field: 'note',
            value: { note: 'The door was open.' },
            base: [],
            capturedAt: new Date().toISOString(),
          },
        ],
      })
      .expect(200);
    await page.goto(`/app/reviewer/assessments/${id}`);
    await page.getByRole('heading', { name: 'Sent, but doesn’t count: 1' }).waitFor();
    await page.getByText('The door was open.').waitFor();
    await page.getByRole('button', { name: `Everything that was entered ${requirement}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('entered with a connection').first().waitFor();
    await dialog.getByText('assessment-locked').waitFor();
    await look(page, 'reviewer-entered-en-desktop');

    await page.goto(`/app/agency/programmes/${p.programme}?tab=gains`);
    await page.getByText('Change, of 1 sites with a comparable pair').waitFor();
    await page.getByRole('tab', { name: 'Who takes part' }).click();
    await page
      .getByRole('row', { name: /Provider one/ })
      .getByRole('button')
      .click();
    await dialog.getByRole('button', { name: 'Take out' }).click();
    await dialog.getByText(/Assessments: \d+ would be hidden/).waitFor();
    await look(page, 'agency-take-out-en-desktop');
    await dialog.getByRole('checkbox').check();
    await dialog.getByRole('button', { name: 'Take out all the same' }).click();
    await page.getByText('Provider one no longer takes part.').waitFor();
    await page.getByRole('row', { name: /Provider one/ }).waitFor({ state: 'detached' });
    calm(/409/);
    await context.close();
  }, 60_000);
});
