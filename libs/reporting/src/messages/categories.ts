import type { Locale } from '../views.js';

/**
 * Names of product categories in the languages of the reports, by code. A programme may use codes of its own: what
 * is not here is shown as its code with the hyphens taken out.
 */
export const categories: Readonly<Record<string, Readonly<Record<Locale, string>>>> = {
  bakery: { en: 'Bakery', es: 'Panadería', ar: 'المخبوزات' },
  beverages: { en: 'Beverages', es: 'Bebidas', ar: 'المشروبات' },
  confectionery: { en: 'Confectionery', es: 'Confitería', ar: 'الحلويات' },
  dairy: { en: 'Dairy', es: 'Lácteos', ar: 'الألبان ومنتجاتها' },
  eggs: { en: 'Eggs', es: 'Huevos', ar: 'البيض' },
  fish: { en: 'Fish and seafood', es: 'Pescado y marisco', ar: 'الأسماك والمأكولات البحرية' },
  'fresh-produce': { en: 'Fresh produce', es: 'Frutas y hortalizas frescas', ar: 'الخضر والفاكهة الطازجة' },
  'fruit-and-vegetables': { en: 'Fruit and vegetables', es: 'Frutas y verduras', ar: 'الفواكه والخضروات' },
  grains: { en: 'Grains', es: 'Cereales', ar: 'الحبوب' },
  'meat-and-poultry': { en: 'Meat and poultry', es: 'Carne y aves', ar: 'اللحوم والدواجن' },
  'oils-and-fats': { en: 'Oils and fats', es: 'Aceites y grasas', ar: 'الزيوت والدهون' },
  'ready-meals': { en: 'Ready meals', es: 'Platos preparados', ar: 'الوجبات الجاهزة' },
  'spices-and-herbs': { en: 'Spices and herbs', es: 'Especias y hierbas', ar: 'التوابل والأعشاب' },
};
