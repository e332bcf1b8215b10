/** The clocks of other machines. */

const TIMEOUT_MS = 3_000;

/**
 * How far this clock is ahead of that of an HTTP server, in milliseconds, exact to a second; undefined where the server does
 * not answer or does not tell its time. Any answer will do, also a refusal.
 */
export async function serverClockOffset(url: string): Promise<number | undefined> {
  const asked = Date.now();
  try {
    const { headers } = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const time = Date.parse(headers.get('date') ?? '');
    return Number.isNaN(time) ? undefined : (asked + Date.now()) / 2 - time;
  } catch {
    return undefined;
  }
}
