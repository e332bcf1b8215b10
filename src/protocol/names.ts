/** Names of hosts and regions that a reader can't tell apart. */

/** Characters that are not drawn: zero width, tags, fillers, and the blank of Braille. Emoji need some of them; names don't. */
export const INVISIBLE_CHARACTER = /\p{Default_Ignorable_Code_Point}|\u2800/u;

/** Almost every name. */
const PLAIN = /^[\x21-\x40\x5b-\x7e]*$/;

/**
 * What a host is remembered by: names that differ only in case, in blanks, or in how a character is encoded are one host, as
 * they are in DNS and to a reader. Upper case between: `σ` and `ς` have the same, as have `ß`,
 * `ẞ` and `ss`.
 */
export const hostKey = (name: string): string =>
  PLAIN.test(name) ? name : name.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().replace(/\s+/g, '');

/** Of a text as `encodeURIComponent` writes it; undefined for what is none. */
export function decodedName(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined;
  }
}
