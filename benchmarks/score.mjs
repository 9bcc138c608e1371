import { readFileSync } from 'node:fs';
import { compileScoring } from '#domain';
import { parseContent } from '#application';
import { SurveyModel } from 'survey-core';
import { interleave, rate, ratios, spread } from './support/measure.mjs';

const ITEMS = 150;
const MILLISECONDS = 120;
const ROUNDS = 21;

const content = (file) =>
  parseContent(readFileSync(new URL(`../checklists/${file}`, import.meta.url), 'utf8'));

/** The shipped checklist at its highest level, its items repeated up to 150. */
function checklistOf150() {
  const shipped = content('food-manufacturing/2.yaml');
  const level = shipped.levels.at(-1).code;
  const all = compileScoring(shipped, level, content('profiles/programme-default.yaml')).requirements;
  const requirements = Array.from({ length: ITEMS }, (_, index) => ({
    ...all[index % all.length],
    code: `${all[index % all.length].code}${index < all.length ? '' : `-${Math.floor(index / all.length)}`}`,
  }));
  return { checklist: { ...shipped, requirements }, level };
}

/**
 * Score with its item-by-item explanation against survey-core's model of the same checklist: built once, the points as
 * a calculated value over numeric answers (the cheapest form survey-core has for it).
 */
export default async function score() {
  const { checklist, level } = checklistOf150();
  const profile = content('profiles/programme-default.yaml');
  const assessments = Array.from({ length: 20 }, (_, n) =>
    checklist.requirements.map(({ code }, index) => ({
      requirement: code,
      answer: (index * 7 + n * 13) % 10 < 7 ? 'conform' : (index + n) % 3 === 0 ? 'major' : 'minor',
    })),
  );
  const scoring = compileScoring(checklist, level, profile);

  const survey = new SurveyModel({
    pages: checklist.sections.map(({ code }) => ({
      name: code,
      elements: checklist.requirements.flatMap((requirement, index) =>
        requirement.section === code
          ? [
              {
                type: 'radiogroup',
                name: `q${index}`,
                title: requirement.question,
                choices: [
                  { value: 1, text: 'Conforms' },
                  { value: 0, text: 'Does not conform' },
                ],
              },
            ]
          : [],
      ),
    })),
    calculatedValues: [
      {
        name: 'points',
        expression: `sum(${checklist.requirements.map((_, index) => `{q${index}}`).join(', ')}) * 100 / ${ITEMS}`,
      },
    ],
  });
  const answers = assessments.map((responses) =>
    Object.fromEntries(responses.map(({ answer }, index) => [`q${index}`, answer === 'conform' ? 1 : 0])),
  );
  const bySurvey = (n) => {
    survey.data = answers[n % answers.length];
    return survey.getVariable('points');
  };

  for (const n of assessments.keys()) {
    const ours = scoring.score(assessments[n]);
    if (Math.abs(ours.points - bySurvey(n)) > 1e-5 || ours.items.length !== ITEMS)
      throw new Error(`The two don't agree: ${ours.points} and ${bySurvey(n)}.`);
  }

  let n = 0;
  const sides = async (subject) =>
    interleave({
      rounds: ROUNDS,
      subject: () => rate(() => subject(assessments[n++ % assessments.length]), MILLISECONDS),
      reference: () => rate(() => bySurvey(n++), MILLISECONDS),
    });
  const once = await sides((responses) => scoring.score(responses));
  const each = await sides((responses) => compileScoring(checklist, level, profile).score(responses));
  const row = (name, { subject, reference }) => {
    const ratio = ratios({ subject, reference });
    return {
      name,
      subject: spread(subject, '/s'),
      reference: `survey-core: ${spread(reference, '/s')}`,
      ratio,
      aim: '≥ 50×',
      met: ratio.median >= 50,
    };
  };
  return { rows: [row('score, compiled once', once), row('score, compiled each time', each)] };
}
