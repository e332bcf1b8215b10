/** `fetch` for https servers whose certificate a private authority signed. */

/** As `fetch`. `ca`: PEM of the only authority to trust, instead of the usual ones. */
export async function fetchTrusting(ca: string | undefined, url: string, init: RequestInit = {}): Promise<Response> {
  if (ca === undefined) return fetch(url, init);
  // Loaded late: few commands need it, and it is slow to load.
  const { Agent, fetch: fetchWith } = await import('undici');
  // Without pipelining the connection closes after its answer, and does not keep a command running.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  return (await fetchWith(url, { ...(init as object), dispatcher })) as unknown as Response;
}
