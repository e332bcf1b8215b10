/** The text that SQS accepts. */

// https://www.w3.org/TR/REC-xml/#charsets; with the u flag a lone surrogate is outside these ranges.
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Whether SQS accepts this text as a body or attribute: no control characters but three, no lone surrogates. */
export function isAllowedText(text: string): boolean {
  return !FORBIDDEN.test(text);
}

/** The first character that SQS does not accept, if there is one. */
export function forbiddenCharacter(text: string): string | undefined {
  return FORBIDDEN.exec(text)?.[0];
}
