/** Who this browser is to the puller, what can be changed from here, and the requests that change it. */
import type { ControlsView, Report } from '../../puller/controls/fleet-controls.js';

const NOTHING: ControlsView = { operator: false, signIn: false, config: false, links: false };

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

function sessionHeaders(): Record<string, string> {
  const key = localStorage.getItem(KEY);
  return key ? { 'x-session-key': key } : {};
}

export async function loadSession(): Promise<void> {
  session = await fetch('controls', { headers: sessionHeaders() }).then(
    (answer) => (answer.ok ? answer.json() : NOTHING),
    () => NOTHING,
  );
}

/** Returns why not, or an empty text. */
export async function signIn(token: string): Promise<string> {
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

export async function signOut(): Promise<void> {
  await fetch('session', { method: 'DELETE', headers: sessionHeaders() }).catch(() => undefined);
  localStorage.removeItem(KEY);
  // Where reading needs a token, too, the puller shows its sign-in form now.
  location.reload();
}

/** What the puller answers, or why not. */
export async function ask<T>(path: string): Promise<{ answer?: T; problem: string }> {
  try {
    const response = await fetch(path);
    // The session is over: the puller shows its sign-in form.
    if (response.status === 401) location.reload();
    const answer = await response.json();
    return response.ok ? { answer, problem: '' } : { problem: `${answer.error.message} (${answer.error.code})` };
  } catch {
    return { problem: 'the puller does not answer' };
  }
}

interface Failure {
  error: { code: string; message: string; hint?: string; details?: string[] };
}

/** Asks the puller to change something, and follows how far it is. */
export async function perform<T>(
  method: 'POST' | 'PUT',
  path: string,
  body: object,
  onProgress: Report,
): Promise<{ result: T } | Failure> {
  try {
    const answer = await fetch(path, {
      method,
      headers: { 'content-type': 'application/json', ...sessionHeaders() },
      body: JSON.stringify(body),
    });
    if (!answer.ok) {
      // The session is over.
      if (answer.status === 401) await loadSession();
      return await answer.json();
    }
    for await (const line of linesOf(answer)) {
      const outcome = JSON.parse(line);
      if (!outcome.progress) return outcome;
      onProgress(outcome.progress);
    }
  } catch {
    // As without an outcome.
  }
  return { error: { code: 'PULLER_GONE', message: 'the puller stopped answering; the change may still be done' } };
}

async function* linesOf(answer: Response): AsyncGenerator<string> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done = true, value = '' } = (await reader?.read()) ?? {};
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
