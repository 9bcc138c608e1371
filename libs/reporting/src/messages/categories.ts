import type { Locale } from '../views.js';

/**
 * Names of product categories in the languages of the reports, by code. A programme may use codes of its own: what
 * is not here is shown as its code with the hyphens taken out.
 */
export const categories: Readonly<Record<string, Readonly<Record<Locale, string>>>> = {
  bakery: {
    en: 'Bakery',
    es: 'Panadería',
    ar: 'المخبوزات',
    fr: 'Boulangerie',
    ru: 'Хлебобулочные изделия',
    hi: 'बेकरी',
  },
  beverages: { en: 'Beverages', es: 'Bebidas', ar: 'المشروبات', fr: 'Boissons', ru: 'Напитки', hi: 'पेय' },
  confectionery: {
    en: 'Confectionery',
    es: 'Confitería',
    ar: 'الحلويات',
    fr: 'Confiserie',
    ru: 'Кондитерские изделия',
    hi: 'मिठाइयाँ',
  },
  dairy: {
    en: 'Dairy',
    es: 'Lácteos',
    ar: 'الألبان ومنتجاتها',
    fr: 'Produits laitiers',
    ru: 'Молочные продукты',
    hi: 'डेयरी',
  },
  eggs: { en: 'Eggs', es: 'Huevos', ar: 'البيض', fr: 'Œufs', ru: 'Яйца', hi: 'अंडे' },
  fish: {
    en: 'Fish and seafood',
    es: 'Pescado y marisco',
    ar: 'الأسماك والمأكولات البحرية',
    fr: 'Poissons et fruits de mer',
    ru: 'Рыба и морепродукты',
    hi: 'मछली और समुद्री खाद्य',
  },
  'fresh-produce': {
    en: 'Fresh produce',
    es: 'Frutas y hortalizas frescas',
    ar: 'الخضر والفاكهة الطازجة',
    fr: 'Produits frais',
    ru: 'Свежие овощи и фрукты',
    hi: 'ताज़ी उपज',
  },
  'fruit-and-vegetables': {
    en: 'Fruit and vegetables',
    es: 'Frutas y verduras',
    ar: 'الفواكه والخضروات',
    fr: 'Fruits et légumes',
    ru: 'Фрукты и овощи',
    hi: 'फल और सब्ज़ियाँ',
  },
  grains: { en: 'Grains', es: 'Cereales', ar: 'الحبوب', fr: 'Céréales', ru: 'Зерновые', hi: 'अनाज' },
  'meat-and-poultry': {
    en: 'Meat and poultry',
    es: 'Carne y aves',
    ar: 'اللحوم والدواجن',
    fr: 'Viandes et volailles',
    ru: 'Мясо и птица',
    hi: 'मांस और पोल्ट्री',
  },
  'oils-and-fats': {
    en: 'Oils and fats',
    es: 'Aceites y grasas',
    ar: 'الزيوت والدهون',
    fr: 'Huiles et graisses',
    ru: 'Масла и жиры',
    hi: 'तेल और वसा',
  },
  'ready-meals': {
    en: 'Ready meals',
    es: 'Platos preparados',
    ar: 'الوجبات الجاهزة',
    fr: 'Plats préparés',
    ru: 'Готовые блюда',
    hi: 'तैयार भोजन',
  },
  'spices-and-herbs': {
    en: 'Spices and herbs',
    es: 'Especias y hierbas',
    ar: 'التوابل والأعشاب',
    fr: 'Épices et herbes',
    ru: 'Специи и травы',
    hi: 'मसाले और जड़ी-बूटियाँ',
  },
};
