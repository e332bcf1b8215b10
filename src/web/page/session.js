/** Who this browser is to the puller, and what can be changed from here. */
/** @import { ControlsView } from '../../puller/controls/fleet-controls.js' */

/** @type {ControlsView} */
const NOTHING = { operator: false, signIn: false, config: false, links: false };

/** @type {ControlsView} */
let session = NOTHING;

export const currentSession = () => session;

export async function loadSession() {
  session = await fetch('controls').then(
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
  const answer = await fetch('session', { method: 'POST', body: new URLSearchParams({ token }) }).catch(
    () => undefined,
  );
  if (!answer) return 'the puller does not answer';
  await loadSession();
  if (session.operator) return '';
  return answer.ok ? 'this token only reads: changes need the operator token' : 'this is not the operator token';
}

export async function signOut() {
  await fetch('session', { method: 'DELETE' }).catch(() => undefined);
  // Where reading needs a token, too, the puller shows its sign-in form now.
  location.reload();
}
