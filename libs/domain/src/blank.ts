/** Signs that take no ink: white space, zero-width signs, fillers such as U+3164. */
const UNSEEN = /[\s\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Whether a text that somebody must give, such as the reason of an N/A, says nothing: left out, or nothing in it that
 * a reader would see.
 *
 * @example
 * isBlank('\u200b \u3164'); // true
 * isBlank('No glass on the site'); // false
 */
export function isBlank(text: string | null | undefined): boolean {
  return (text ?? '').replace(UNSEEN, '') === '';
}
