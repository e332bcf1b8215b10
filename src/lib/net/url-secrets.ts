/**
 * A text without the credentials of URLs in it: user, password and query are cut out, for what is logged, shown or answered.
 * It works on any text, because the messages of other programs quote URLs, and URLs that can't be parsed are quoted, too.
 *
 * @example withoutSecrets('no queue http://me:secret@host/q?key=k') // 'no queue http://host/q'
 */
export function withoutSecrets(text: string): string {
  const credentials = text.includes('@')
    ? text.replace(/([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1').replace(/[^\s:@"]+:[^\s@]+@/g, '')
    : text;
  return credentials.replace(/(:\/\/[^\s?#"]*)[?#][^\s"]*/g, '$1');
}

/** The same for the value of a setting, which may be no text. */
export const valueWithoutSecrets = (value: unknown) => (typeof value === 'string' ? withoutSecrets(value) : value);
