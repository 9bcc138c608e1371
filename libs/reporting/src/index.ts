/** What the product prints, shows to the public and mails. Import from '#reporting' only. */
export * from './views.js';
export { renderGapReportHtml, gapReportPdf, GAP_REPORT_BYTES } from './gap-report.js';
export { renderCohortReportHtml, cohortReportPdf } from './cohort-report.js';
export { certificatePdf, renderVerificationHtml } from './certificate.js';
export { renderHomeHtml } from './home.js';
export {
  renderConsentLedgerHtml,
  renderSharedGoneHtml,
  renderSharedHtml,
  CONSENT_PAGE_BYTES,
} from './consent.js';
export { renderMail, visitCalendarTexts } from './mail.js';
export * from './invitation.js';
export { supplierTable, type SupplierLine } from './supplier-list.js';
export { tableCsv, tableXlsx, type SheetTable } from './table.js';
