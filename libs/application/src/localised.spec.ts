import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { categoryName, profileTitle, ruleTitle } from './localised.js';
import { mailLocale } from './people.js';
import { contentRoot, mustFollow, schemaProblems, schemaValidator } from './schemas.js';

describe('names in the reader’s language', () => {
  it('are those of the categories file; unknown codes stay as they were entered', () => {
    expect(categoryName('dairy', 'es')).toBe('productos lácteos');
    expect(categoryName('dairy', 'ar')).toBe('منتجات الألبان');
    expect(categoryName('camel cheese', 'ar')).toBe('camel cheese');
    expect(categoryName('constructor', 'en')).toBe('constructor');
  });

  it('are the buyer’s own words where a rule has no translation', () => {
    const rule = { title: 'Bread', translations: { es: { title: 'Pan' } } };
    expect([ruleTitle(rule, 'es'), ruleTitle(rule, 'ar'), ruleTitle({ title: 'Bread' }, 'es')]).toEqual([
      'Pan',
      'Bread',
      'Bread',
    ]);
  });

  it('are the profile’s own translation, then the shipped one, then its title', () => {
    const own = { profile: 'programme-default', title: 'Default', translations: { es: { title: 'Propio' } } };
    expect([profileTitle(own, 'es'), profileTitle(own, 'ar'), profileTitle(own, 'en')]).toEqual([
      'Propio',
      'النموذج الافتراضي للبرنامج، وليس نموذج GFSI',
      'Default',
    ]);
    expect(profileTitle({ profile: 'constructor', title: 'Bakery' }, 'ar')).toBe('Bakery');
  });

  it('follow what a person has chosen, then the site, then English', () => {
    expect(mailLocale('es', ['ar'])).toBe('es');
    expect(mailLocale(null, ['de', 'fr'])).toBe('fr');
    expect(mailLocale(null, ['de'])).toBe('en');
    expect(mailLocale('xx')).toBe('en');
  });
});

describe('the published schemas', () => {
  const names = readdirSync(join(contentRoot(), 'schemas')).map((file) => file.replace('.schema.json', ''));

  it.each(names)('%s compiles, once', (name) => {
    expect(schemaValidator(name)).toBe(schemaValidator(name));
  });

  it('say what is wrong, where, and how to mend it', () => {
    expect(schemaProblems('categories', { format: 'uplift.categories/2', categories: {}, more: 1 })).toEqual(
      expect.arrayContaining([
        { field: '/more', message: 'is not known here', fix: 'Take "more" out, or correct its name.' },
        expect.objectContaining({ field: '/format', fix: 'Write "uplift.categories/1".' }),
      ]),
    );
    expect(
      schemaProblems('verify-input#/$defs/credential', { type: 'BuyerReadinessStatement' }),
    ).toHaveLength(3);
    expect(() => mustFollow('buyer-rule', 1, 'buyer-rule-invalid', 'No.')).toThrow(
      expect.objectContaining({
        code: 'buyer-rule-invalid',
        fields: [expect.objectContaining({ field: '/' })],
      }),
    );
    expect(() => schemaValidator('nothing')).toThrow('no published schema');
  });
});
