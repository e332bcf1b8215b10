/** Asks the puller to change something, and follows how far it is. */
import { loadSession, sessionHeaders } from './session.js';

/** @typedef {{ code: string, message: string, hint?: string, details?: string[] }} Failure */

/**
 * @param {'POST' | 'PUT'} method
 * @param {string} path
 * @param {object} body
 * @param {(progress: { done: number, of: number }) => void} onProgress
 * @returns {Promise<{ result: any } | { error: Failure }>}
 */
export async function perform(method, path, body, onProgress) {
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
      if (line.progress) onProgress(line.progress);
      else return line;
    }
  } catch {
    // As without an outcome.
  }
  return { error: { code: 'PULLER_GONE', message: 'the puller stopped answering; the change may still be done' } };
}

/** @param {Response} answer */
async function* linesOf(answer) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
