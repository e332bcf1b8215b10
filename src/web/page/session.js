/** Who this browser is to the puller, and what can be changed from here. */
/** @import { ControlsView } from '../../puller/controls/fleet-controls.js' */

/** @type {ControlsView} */
const NOTHING = { operator: false, signIn: false, config: false, links: false };

/** @type {ControlsView} */
let session = NOTHING;

export const currentSession = () => session;

/** Where the key of the session is kept: unlike a cookie, nothing else on this host gets it. */
const KEY = 'wasm-sensors-session-key';

// The sign-in form of a locked page leads here.
const given = /^#key=([\w-]*)$/.exec(location.hash)?.[1];
if (given !== undefined) {
  localStorage.setItem(KEY, given);
  history.replaceState(null, '', location.pathname + location.search);
}

/** @returns {Record<string, string>} */
export function sessionHeaders() {
  const key = localStorage.getItem(KEY);
  return key ? { 'x-session-key': key } : {};
}

export async function loadSession() {
  session = await fetch('controls', { headers: sessionHeaders() }).then(
    (answer) => (answer.ok ? answer.json() : NOTHING),
    () => NOTHING,
  );
  return session;
}

/**
 * Returns why not, or an empty text.
 * @param {string} token
 */
export async function signIn(token) {
  const body = new URLSearchParams({ token });
  const headers = { accept: 'application/json' };
  const answer = await fetch('session', { method: 'POST', headers, body }).catch(() => undefined);
  if (!answer) return 'the puller does not answer';
  const { key } = answer.ok ? await answer.json() : { key: undefined };
  if (key !== undefined) localStorage.setItem(KEY, key);
  await loadSession();
  if (session.operator) return '';
  return answer.ok ? 'this token only reads: changes need the operator token' : 'this is not the operator token';
}

export async function signOut() {
  await fetch('session', { method: 'DELETE', headers: sessionHeaders() }).catch(() => undefined);
  localStorage.removeItem(KEY);
  // Where reading needs a token, too, the puller shows its sign-in form now.
  location.reload();
}
