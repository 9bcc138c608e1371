import type { OrganisationKind, Role, Database } from '#persistence';
import { addDays, requirementsAt, type BuyerRule, type ChecklistVersion, type Requirement } from '#domain';
import { dayIn } from '#platform';
import { randomBytes, randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { loadAssessment, lockHash } from './assessments.service.js';
import { CertificatesService } from './certificates.service.js';
import { CharterService } from './charter.service.js';
import { ComplaintsService } from './complaints.service.js';
import { ConsentsService } from './consents.service.js';
import { ContentService, loadVersion } from './content.service.js';
import type { Identity } from './identity.js';
import { type ImpartialitySettings, judgeVisit, shippedImpartialityRules } from './impartiality.js';
import { PartiesService } from './parties.service.js';
import { ReadinessService } from './readiness.service.js';
import { ResultsService } from './results.service.js';
import { ShareLinks } from './share-links.js';
import { VisitsService } from './visits.service.js';

/** An account of the demo; its password is made at the first start and told once. */
export interface DemoAccount {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly role: string;
}

/** Pseudo-random numbers from a seed: the demo is the same at every first start (but for its dates and passwords). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const CITIES: readonly (readonly [name: string, lat: number, lon: number])[] = [
  ['Cairo', 30.04, 31.24],
  ['Giza', 30.01, 31.21],
  ['Alexandria', 31.2, 29.92],
  ['Ismailia', 30.6, 32.27],
  ['Mansoura', 31.04, 31.38],
  ['Tanta', 30.79, 31.0],
  ['Fayoum', 29.31, 30.84],
  ['Zagazig', 30.59, 31.5],
  ['Damietta', 31.42, 31.81],
  ['Beni Suef', 29.07, 31.1],
];
const CATEGORIES = ['meat-and-poultry', 'dairy', 'fruit-and-vegetables', 'confectionery'] as const;
const WORDS: Readonly<Record<(typeof CATEGORIES)[number], readonly string[]>> = {
  'meat-and-poultry': ['Poultry', 'Meats', 'Sausage Works'],
  dairy: ['Dairy', 'Cheese House', 'Yoghurt'],
  'fruit-and-vegetables': ['Greens', 'Frozen Vegetables', 'Juices'],
  confectionery: ['Sweets', 'Halva', 'Biscuits'],
};
const NAMES = [
  'Ganub',
  'Rimal',
  'Sahel',
  'Wadi',
  'Nakheel',
  'Zahra',
  'Lotus',
  'Qamar',
  'Marsa',
  'Bustan',
  'Nour',
  'Yasmin',
  'Safsaf',
  'Karam',
  'Hadaba',
  'Nahr',
  'Fajr',
  'Tareeq',
];

interface People {
  readonly [key: string]: { readonly id: string; readonly name: string; readonly email: string };
}

/** The rules that ship, but for one: the demo shows what an exception looks like. */
const demoRules = (): Omit<ImpartialitySettings, 'lookBackMonths'> => {
  const { rules, organisationTypes, complaints } = shippedImpartialityRules();
  return { rules: { ...rules, 'assessor-is-coach': 'allow-with-reason' }, organisationTypes, complaints };
};

/** Builds the demo programme: invented, labelled so, in the shape of the 2009 pilot. Expects an empty database. */
export class Demo {
  private readonly random = numbersFrom(2009);
  private readonly accounts: DemoAccount[] = [];

  constructor(
    private readonly db: Database,
    private readonly identity: Identity,
    private readonly config: { readonly baseUrl: string; readonly secret: string },
  ) {}

  async build(today = dayIn(new Date())): Promise<{ accounts: DemoAccount[]; try: string[] }> {
    await new ContentService(this.db).publishShipped();
    const organisations = await this.organisations();
    const people = await this.people(organisations);
    const programmeId = await this.programme(organisations);
    await this.calendars(organisations, people, today);
    const pilot = await this.cohort(
      programmeId,
      'Pilot cohort (demo, 18 processors)',
      addDays(today, -170),
      addDays(today, -20),
    );
    const roll = await this.cohort(
      programmeId,
      'Roll-out cohort (demo, 90 suppliers)',
      addDays(today, -160),
      null,
    );
    await this.rules(organisations);
    const v1 = await loadVersion(this.db, 'food-manufacturing', '1');
    const v2 = await loadVersion(this.db, 'food-manufacturing', '2');
    const [profile] = await this.db.query(
      `SELECT id FROM scoring_profile WHERE profile = 'programme-default'`,
    );
    const gapReport = await this.suppliers(pilot, 18, today, people, {
      baseline: v2,
      followUp: v2,
      profileId: profile.id,
      finished: 1,
      owners: [people['supplier']!.id, people['supplierWithGaps']!.id],
    });
    await this.suppliers(roll, 90, today, people, {
      baseline: v1,
      followUp: v2,
      profileId: profile.id,
      finished: 0.5,
      waiting: 46,
    });
    const certificate = await this.certify(pilot, people);
    await this.propose(roll, people);
    await this.appeal(people, today);
    await this.consent(organisations, people, today);
    await this.settle(today);
    const { baseUrl } = this.config;
    const inApp = (what: string, key: string, path: string): string =>
      `${what}, as ${people[key]!.email}:\n${baseUrl}/app${path}`;
    return {
      accounts: this.accounts,
      try: [
        `${inApp('A supplier reads what is missing and what to do first', 'supplierWithGaps', '/supplier')}
${baseUrl}/api/v1/assessments/${gapReport}/gap-report.html?lang=ar is its report for any phone: no script, under 30 kB`,
        inApp(
          'An assessor answers a checklist without a connection, and hands it in',
          'assessor1',
          '/assessor',
        ),
        inApp(
          'An agency steers a cohort: who left, gains, map, visits',
          'manager',
          `/agency/cohorts/${pilot}`,
        ),
        inApp('A buyer sees who is approved, and why not', 'buyer1', '/buyer'),
        ...(certificate
          ? [`Anybody checks a certificate, without signing in:\n${baseUrl}/verify/${certificate}`]
          : []),
      ],
    };
  }

  private async organisations(): Promise<Record<string, string>> {
    const wanted: [string, string, OrganisationKind][] = [
      ['agency', 'Nile Supplier Development Agency (demo)', 'development-agency'],
      ['provider', 'Delta Assessment Services (demo)', 'assessment-provider'],
      ['lotus', 'Lotus Cash & Carry (demo)', 'buyer'],
      ['sahara', 'Sahara Fresh Stores (demo)', 'buyer'],
      ['oasis', 'Oasis Hotels (demo)', 'buyer'],
      ['trainer', 'Papyrus Food Safety Training (demo)', 'training-provider'],
      ['donor', 'Horizon Development Fund (demo)', 'donor'],
      ['authority', 'Office for Food Safety (demo)', 'authority'],
    ];
    const ids: Record<string, string> = {};
    for (const [key, name, kind] of wanted) {
      ids[key] = randomUUID();
      await this.db.query(
        `INSERT INTO organisation (id, name, kind, country, demo) VALUES ($1, $2, $3, 'EG', true)`,
        [ids[key], name, kind],
      );
    }
    return ids;
  }

  private async people(organisations: Record<string, string>): Promise<People> {
    const wanted: [key: string, name: string, organisation: string | null, role: Role][] = [
      ['manager', 'Mona Fathy', 'agency', 'programme-manager'],
      ['reviewer', 'Karim Adel', 'agency', 'reviewer'],
      ['decider', 'Salma Nabil', 'agency', 'decider'],
      ['assessor1', 'Hany Samir', 'provider', 'assessor'],
      ['assessor2', 'Dina Lotfy', 'provider', 'assessor'],
      ['assessor3', 'Omar Galal', 'provider', 'assessor'],
      ['assessor4', 'Nadia Refaat', 'provider', 'assessor'],
      ['mentor1', 'Tarek Younis', 'agency', 'mentor'],
      ['mentor2', 'Laila Hosny', 'agency', 'mentor'],
      ['buyer1', 'Amr Zaki', 'lotus', 'qa-manager'],
      ['buyer2', 'Rania Sobhy', 'sahara', 'qa-manager'],
      ['supplier', 'Yara Mansour', null, 'owner'],
      ['director', 'Hoda Kamel', 'agency', 'owner'],
      // Outside the programme: sees what the supplier grants it.
      ['buyer3', 'Sherif Anwar', 'oasis', 'qa-manager'],
      ['trainer', 'Mariam Saleh', 'trainer', 'viewer'],
      ['donor', 'Jonas Weber', 'donor', 'viewer'],
      ['authority', 'Ehab Mostafa', 'authority', 'viewer'],
      ['supplierWithGaps', 'Samia Fouad', null, 'owner'],
    ];
    const people: Record<string, { id: string; name: string; email: string }> = {};
    for (const [key, name, organisation, role] of wanted) {
      const email = `${name.toLowerCase().replace(' ', '.')}@demo.uplift.example`;
      const password = randomBytes(12).toString('base64url');
      const id = await this.identity.createPerson(name, email, password);
      people[key] = { id, name, email };
      this.accounts.push({
        name,
        email,
        password,
        role: organisation
          ? `${role} (${organisation})`
          : `supplier owner${key === 'supplier' ? '' : ' (with gaps)'}`,
      });
      if (organisation) {
        await this.db.query(
          `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4)`,
          [randomUUID(), id, organisations[organisation], role],
        );
      }
    }
    return people;
  }

  private async programme(organisations: Record<string, string>): Promise<string> {
    const id = randomUUID();
    const claims = [
      {
        figure: '+45 %',
        text: "compliance with basic food-safety standards, compared with the suppliers' initial assessment",
        unit: 'suppliers (18); points or percent not stated',
        source: 'UNIDO discussion paper for CELAC, 2014, on the Egyptian pilot of 2009–10',
      },
      {
        figure: '+13.6 %',
        text: 'food-safety knowledge',
        unit: 'persons; points or percent not stated',
        source: 'UNIDO discussion paper for CELAC, 2014, on the Egyptian pilot of 2009–10',
      },
    ];
    await this.db.query(
      `INSERT INTO programme (id, code, name, claims, impartiality, demo) VALUES ($1, 'demo-nile', 'Nile Valley Supplier Programme (demo, invented)', $2, $3, true)`,
      [id, JSON.stringify(claims), JSON.stringify(demoRules())],
    );
    for (const [organisation, part] of [
      ['agency', 'agency'],
      ['provider', 'assessment-provider'],
      ['lotus', 'buyer'],
      ['sahara', 'buyer'],
      ['trainer', 'training-provider'],
      ['donor', 'donor'],
      ['authority', 'authority'],
    ] as const) {
      await this.db.query(
        `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, $4)`,
        [randomUUID(), id, organisations[organisation], part],
      );
    }
    return id;
  }

  private async calendars(
    organisations: Record<string, string>,
    people: People,
    today: string,
  ): Promise<void> {
    const keys = ['assessor1', 'assessor2', 'assessor3', 'assessor4', 'mentor1', 'mentor2'];
    for (const [index, key] of keys.entries()) {
      const person = people[key]!;
      const [, lat, lon] = CITIES[index % CITIES.length]!;
      const mentor = key.startsWith('mentor');
      await this.db.query(
        `INSERT INTO assessor (id, organisation_id, name, email, part, country, lat, lon, competences, languages, working_days, max_visits_per_week)
         VALUES ($1, $2, $3, $4, $5, 'EG', $6, $7, $8, $9, '{7,1,2,3,4}', 4)`,
        [
          person.id,
          organisations[mentor ? 'agency' : 'provider'],
          person.name,
          person.email,
          mentor ? 'mentor' : 'assessor',
          lat,
          lon,
          ['food-manufacturing', 'primary-production'],
          index === 3 ? ['ar', 'fr'] : ['ar', 'en'],
        ],
      );
      const from = addDays(today, 10 + index * 9);
      await this.db.query(
        `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, $2, $3, $4, 'leave')`,
        [randomUUID(), person.id, from, addDays(from, 6)],
      );
    }
  }

  private async cohort(
    programmeId: string,
    name: string,
    startsOn: string,
    endsOn: string | null,
  ): Promise<string> {
    const id = randomUUID();
    await this.db.query(
      `INSERT INTO cohort (id, programme_id, name, starts_on, ends_on) VALUES ($1, $2, $3, $4, $5)`,
      [id, programmeId, name, startsOn, endsOn],
    );
    return id;
  }

  private async rules(organisations: Record<string, string>): Promise<void> {
    const base = {
      format: 'uplift.buyer-rule/1',
      version: '1',
      checklist: 'food-manufacturing',
      level: 'basic',
      profile: 'programme-default',
      maxAgeDays: 365,
    } as const;
    const rules: [string, BuyerRule][] = [
      [
        'lotus',
        {
          ...base,
          buyer: 'lotus',
          rule: 'listing',
          title: 'Basic level, at least 80 points, no open major',
          translations: {
            es: { title: 'Nivel básico, al menos 80 puntos, ninguna mayor abierta' },
            ar: { title: 'المستوى الأساسي، ٨٠ نقطة على الأقل، دون حالة كبرى مفتوحة' },
          },
          categories: ['*'],
          minPoints: 80,
          maxOpen: { major: 0 },
        },
      ],
      [
        'sahara',
        {
          ...base,
          buyer: 'sahara',
          rule: 'fresh',
          title:
            'Fresh products: Basic level, 70 points, traceability and recall in place, at most three open majors',
          translations: {
            es: {
              title:
                'Productos frescos: nivel básico, 70 puntos, trazabilidad y retiro implantados, como máximo tres mayores abiertas',
            },
            ar: {
              title:
                'المنتجات الطازجة: المستوى الأساسي، ٧٠ نقطة، التتبع والاستدعاء مطبقان، ثلاث حالات كبرى مفتوحة على الأكثر',
            },
          },
          categories: ['dairy', 'meat-and-poultry', 'fruit-and-vegetables'],
          minPoints: 70,
          maxOpen: { major: 3 },
          // Fresh products want a fresh look; who misses little has until then to mend it.
          maxAgeDays: 100,
          conditional: { allow: ['open-major', 'mandatory-items'], withinDays: 75 },
          mandatoryItems: ['FM-TRAC-01', 'FM-RECALL-01'],
        },
      ],
    ];
    const readiness = new ReadinessService(this.db);
    for (const [organisation, rule] of rules)
      await readiness.publishRule(null, organisations[organisation]!, rule);
  }

  /** Suppliers with one site each, enrolled and assessed. Returns a follow-up that still has gaps. */
  private async suppliers(
    cohortId: string,
    count: number,
    today: string,
    people: People,
    plan: {
      baseline: { id: string; body: ChecklistVersion };
      followUp: { id: string; body: ChecklistVersion };
      profileId: string;
      finished: number;
      /** Whose follow-up was handed in the day before yesterday and waits for its reviewer. */
      waiting?: number;
      /** Of the first suppliers. */
      owners?: readonly string[];
    },
  ): Promise<string> {
    const toCompute: string[] = [];
    await this.db.transaction(async (tx) => {
      for (let index = 0; index < count; index++) {
        const { siteId, category } = await this.supplier(tx, index, count, plan.owners?.[index]);
        const enrolledOn = addDays(today, -170 + Math.floor(this.random() * 10));
        const leaves = index % 18 === 6 || index % 18 === 13;
        await tx.query(
          `INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on, exited_on, exit_reason) VALUES ($1, $2, $3, $4, $5, $6)`,
          [
            randomUUID(),
            cohortId,
            siteId,
            enrolledOn,
            leaves ? addDays(enrolledOn, 70) : null,
            leaves ? (index % 18 === 6 ? 'changed-owner' : 'no-staff') : null,
          ],
        );
        const mentor = people[index % 2 === 0 ? 'mentor1' : 'mentor2']!;
        await tx.query(
          `INSERT INTO engagement (id, person_id, site_id, role, from_date) VALUES ($1, $2, $3, 'coach', $4)`,
          [randomUUID(), mentor.id, siteId, addDays(enrolledOn, 20)],
        );
        const assessor = (offset: number) => people[`assessor${((index + offset) % 4) + 1}`]!.id;
        if (index % 30 === 29) continue; // Enrolled, never started.
        const skill = 0.42 + this.random() * 0.33 + (category === 'confectionery' ? 0.05 : 0);
        const heldOn = addDays(enrolledOn, 3 + Math.floor(this.random() * 14));
        const seen = new Map<string, number>();
        const baselineId = await this.assess(tx, {
          siteId,
          cohortId,
          kind: 'baseline',
          version: plan.baseline,
          profileId: plan.profileId,
          assessedOn: heldOn,
          assessorId: assessor(0),
          reviewerId: people['reviewer']!.id,
          skill,
          seen,
        });
        toCompute.push(baselineId);
        const waits = index === plan.waiting;
        if (leaves || (index / count >= plan.finished && !waits)) continue;
        const declines = index % 9 === 7;
        const gained = declines ? 0 : this.random() * 0.3;
        const followUpOn = waits ? addDays(today, -2) : addDays(heldOn, 95 + Math.floor(this.random() * 45));
        if (index === 0 && plan.owners)
          await this.allowTrainer(tx, {
            cohortId,
            siteId,
            personId: assessor(1),
            managerId: people['manager']!.id,
            on: followUpOn,
          });
        const later = declines ? skill - 0.06 : Math.min(0.995, skill + 0.2 + gained);
        const followUpId = await this.assess(tx, {
          siteId,
          cohortId,
          kind: 'follow-up',
          version: plan.followUp,
          profileId: plan.profileId,
          assessedOn: followUpOn,
          assessorId: assessor(1),
          reviewerId: waits ? null : people['reviewer']!.id,
          skill: index % 3 === 0 && !declines ? 1 : later,
          baselineId,
          seen,
        });
        toCompute.push(followUpId);
      }
    });
    const results = new ResultsService(this.db);
    for (const id of toCompute) await results.compute(id);
    // The follow-up of the second supplier: better than before, and not done. The first one's has nothing missing.
    return toCompute[3] ?? toCompute[0]!;
  }

  /** One breach that the programme has allowed: the assessor trained this site before they joined the provider. */
  private async allowTrainer(
    tx: EntityManager,
    of: { cohortId: string; siteId: string; personId: string; managerId: string; on: string },
  ): Promise<void> {
    const day = addDays(of.on, -400);
    await tx.query(
      `INSERT INTO engagement (id, person_id, site_id, role, from_date, until_date, paid_by, declaration)
       VALUES ($1, $2, $3, 'trainer', $4, $4, 'programme', 'One day of hygiene training in a group, before joining the assessment provider.')`,
      [randomUUID(), of.personId, of.siteId, day],
    );
    const judged = await judgeVisit(tx, {
      siteId: of.siteId,
      cohortId: of.cohortId,
      on: of.on,
      personId: of.personId,
    });
    await tx.query(
      `INSERT INTO impartiality_exception (id, programme_id, site_id, rule, person_id, facts, reason, valid_from, valid_until, recorded_by, recorded_at)
       VALUES ($1, $2, $3, 'assessor-is-coach', $4, $5, 'The only assessor for this product who was free; one day of training in a group more than a year before.',
               $6, $6, $7, $6::date - interval '3 days')`,
      [
        randomUUID(),
        judged.programmeId,
        of.siteId,
        of.personId,
        JSON.stringify(judged.breaches),
        of.on,
        of.managerId,
      ],
    );
  }

  /** An appeal by the demo's supplier, being looked into by somebody who had no part in it. */
  private async appeal(people: People, today: string): Promise<void> {
    const parties = new PartiesService(this.db);
    const complaints = new ComplaintsService(this.db);
    const supplier = await parties.actorOf(people['supplier']!);
    const manager = await parties.actorOf(people['manager']!);
    const { organisationId } = supplier.memberships[0]!;
    const [finding] = await this.db.query(
      `SELECT f.id FROM finding f JOIN assessment a ON a.id = f.assessment_id JOIN site s ON s.id = a.site_id
        WHERE s.organisation_id = $1 AND a.kind = 'baseline' ORDER BY f.requirement LIMIT 1`,
      [organisationId],
    );
    if (!finding) return;
    const day = (before: number) => addDays(today, -before);
    const { id } = await this.db.as(supplier, () =>
      complaints.raise(
        supplier,
        {
          kind: 'appeal',
          about: 'finding',
          subjectId: finding.id,
          organisationId,
          text: 'The record was there on the day, in the office next door. Nobody asked for it.',
        },
        day(20),
      ),
    );
    await this.db.as(manager, () => complaints.step(manager, id, null, { action: 'acknowledge' }, day(17)));
    await this.db.as(manager, () =>
      complaints.step(
        manager,
        id,
        null,
        { action: 'investigate', reason: 'The assessor’s notes were asked for.' },
        day(10),
      ),
    );
  }

  /** What the demo's supplier lets others see: a buyer outside the programme, and a person without an account. */
  private async consent(organisations: Record<string, string>, people: People, today: string): Promise<void> {
    const consents = new ConsentsService(this.db, new ShareLinks(this.config.secret, this.config.baseUrl));
    const supplier = await new PartiesService(this.db).actorOf(people['supplier']!);
    const { organisationId } = supplier.memberships[0]!;
    const sites: { id: string }[] = await this.db.query(`SELECT id FROM site WHERE organisation_id = $1`, [
      organisationId,
    ]);
    const terms = { siteIds: sites.map(({ id }) => id), until: addDays(today, 180) };
    await this.db.as(supplier, async () => {
      await consents.grant(supplier, organisationId, {
        ...terms,
        recipient: { organisationId: organisations['oasis']! },
        scopes: ['certificate', 'section-scores'],
        purpose: 'To be listed as a supplier of its hotels.',
      });
      await consents.grant(supplier, organisationId, {
        ...terms,
        recipient: { name: 'Nile Export Bank (demo)', email: 'credit@bank.uplift.example' },
        scopes: ['certificate'],
        purpose: 'For a loan for the new cold store.',
      });
    });
  }

  private async supplier(
    tx: EntityManager,
    index: number,
    count: number,
    ownerId?: string,
  ): Promise<{ siteId: string; category: string }> {
    const category = CATEGORIES[index % CATEGORIES.length]!;
    const [city, lat, lon] = CITIES[Math.floor(this.random() * CITIES.length)]!;
    const name = `${NAMES[index % NAMES.length]} ${WORDS[category][Math.floor(index / NAMES.length) % 3]}${count > 18 ? ` ${index + 1}` : ''} (demo)`;
    const organisationId = randomUUID();
    const siteId = randomUUID();
    await tx.query(
      `INSERT INTO organisation (id, name, kind, country, demo) VALUES ($1, $2, 'supplier', 'EG', true)`,
      [organisationId, name],
    );
    await tx.query(
      `INSERT INTO site (id, organisation_id, name, city, country, lat, lon, categories, languages) VALUES ($1, $2, $3, $4, 'EG', $5, $6, $7, '{ar}')`,
      [
        siteId,
        organisationId,
        `${name}, ${city}`,
        city,
        lat + (this.random() - 0.5) / 5,
        lon + (this.random() - 0.5) / 5,
        [category],
      ],
    );
    if (ownerId)
      await tx.query(
        `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`,
        [randomUUID(), ownerId, organisationId],
      );
    return { siteId, category };
  }

  private async assess(
    tx: EntityManager,
    input: {
      siteId: string;
      cohortId: string;
      kind: 'baseline' | 'follow-up';
      version: { id: string; body: ChecklistVersion };
      profileId: string;
      assessedOn: string;
      assessorId: string;
      /** Who reviewed and closed it; null: it waits for that. */
      reviewerId: string | null;
      skill: number;
      baselineId?: string;
      seen: Map<string, number>;
    },
  ): Promise<string> {
    const id = randomUUID();
    await tx.query(
      `INSERT INTO assessment (id, site_id, cohort_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on, assessor_id, reviewer_id, baseline_id, submitted_at, closed_at)
       VALUES ($1, $2, $3, $4, $5, 'basic', $6, CASE WHEN $9::text IS NULL THEN 'submitted' ELSE 'closed' END, $7, $8, $9, $10,
               $7::date + interval '17 hours', CASE WHEN $9::text IS NOT NULL THEN $7::date + interval '3 days' END)`,
      [
        id,
        input.siteId,
        input.cohortId,
        input.version.id,
        input.profileId,
        input.kind,
        input.assessedOn,
        input.assessorId,
        input.reviewerId,
        input.baselineId ?? null,
      ],
    );
    const answers = requirementsAt(input.version.body, 'basic').map((requirement) =>
      this.answer(requirement, input.skill, input.seen),
    );
    await tx.query(
      `INSERT INTO response (assessment_id, requirement, answer, na_reason, note, answered_by, answered_at)
       SELECT $1, requirement, answer, "naReason", note, $3, $4::date + interval '16 hours' FROM jsonb_to_recordset($2::jsonb) AS r(requirement text, answer text, "naReason" text, note text)`,
      [id, JSON.stringify(answers), input.assessorId, input.assessedOn],
    );
    if (input.reviewerId)
      await tx.query(`UPDATE assessment SET lock_hash = $2 WHERE id = $1`, [
        id,
        lockHash(await loadAssessment(tx, id)),
      ]);
    // Whoever it is sent back to finds the answers on their device.
    else await tx.query(`SELECT adopt_responses($1)`, [[id]]);
    return id;
  }

  /** How well an item is met is drawn once per site, so that a follow-up keeps most of what a baseline had. */
  private answer(requirement: Requirement, skill: number, seen: Map<string, number>) {
    const luck = seen.get(requirement.code) ?? this.random();
    seen.set(requirement.code, luck);
    const code = requirement.code;
    if (requirement.naAllowed !== false && luck > 0.975)
      return { requirement: code, answer: 'na', naReason: 'The site has no such process.' };
    if (luck <= skill) return { requirement: code, answer: 'conform' };
    const answer = requirement.criticality === 'minor' || luck - skill < 0.15 ? 'minor' : 'major';
    return {
      requirement: code,
      answer,
      note:
        answer === 'major' ? 'Not in place on the day of the visit.' : 'In place in part; records have gaps.',
    };
  }

  /** Issues certificates for follow-ups that passed, proposed by one person and decided by another. */
  private async certify(cohortId: string, people: People): Promise<string | null> {
    const parties = new PartiesService(this.db);
    const certificates = new CertificatesService(this.db, this.config.baseUrl);
    const reviewer = await parties.actorOf(people['reviewer']!);
    const decider = await parties.actorOf(people['decider']!);
    const passed: { id: string; excepted: boolean }[] = await this.db.query(
      `SELECT a.id, EXISTS (SELECT 1 FROM assessment_exception x WHERE x.assessment_id = a.id) AS excepted
         FROM assessment a JOIN assessment_score s ON s.assessment_id = a.id
        WHERE a.cohort_id = $1 AND a.kind = 'follow-up' AND s.passed ORDER BY a.assessed_on, a.id`,
      [cohortId],
    );
    const plain = passed.filter(({ excepted }) => !excepted).slice(0, 4);
    // The one that rests on an exception comes last, and stays valid.
    const chosen = [...plain, ...passed.filter(({ excepted }) => excepted)];
    let first: string | null = null;
    for (const [index, { id }] of chosen.entries()) {
      const proposed = await certificates.propose(reviewer, id);
      const issued = await certificates.act(decider, proposed.id, 'issue');
      first ??= issued.number;
      if (index === 2) await certificates.act(decider, issued.id, 'suspend', 'A required visit was refused.');
      if (index === 3) await certificates.act(decider, issued.id, 'withdraw', 'The site has closed.');
    }
    return first;
  }

  /** Proposes a certificate for a follow-up that passed; the decision is left to the decider. */
  private async propose(cohortId: string, people: People): Promise<void> {
    const reviewer = await new PartiesService(this.db).actorOf(people['reviewer']!);
    const [passed] = await this.db.query(
      `SELECT a.id FROM assessment a JOIN assessment_score s ON s.assessment_id = a.id
        WHERE a.cohort_id = $1 AND a.kind = 'follow-up' AND a.state = 'closed' AND s.passed ORDER BY a.assessed_on, a.id LIMIT 1`,
      [cohortId],
    );
    if (passed) await new CertificatesService(this.db, this.config.baseUrl).propose(reviewer, passed.id);
  }

  /** Does what the worker would do after each result, once per site, so that the product starts up finished. */
  private async settle(today: string): Promise<void> {
    const readiness = new ReadinessService(this.db);
    const visits = new VisitsService(this.db);
    const newest = await this.db.query(
      `SELECT DISTINCT ON (site_id) id FROM assessment ORDER BY site_id, assessed_on DESC, id`,
    );
    const sites = await this.db.query(`SELECT DISTINCT site_id AS id FROM enrolment ORDER BY site_id`);
    for (const { id } of sites as { id: string }[]) await readiness.evaluateSite(id, today);
    for (const { id } of newest as { id: string }[]) await visits.needAfter(id, today);
    await this.db.query(`DELETE FROM outbox`);
    await visits.plan(today);
    await new CharterService(this.db).publish(today);
  }
}
