import { forbiddenCharacter } from '../../queue/allowed-text.js';

/** What Amazon says about a text with a character that it does not allow; undefined: there is none. `where`: of the text. */
export function invalidText(text: string, where: string): string | undefined {
  const character = forbiddenCharacter(text);
  if (character === undefined) return undefined;
  const code = character.codePointAt(0)!.toString(16).toUpperCase();
  return (
    `Invalid binary character '#x${code}' was found in the ${where}, the set of allowed characters is ` +
    '#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].'
  );
}
