/** `fetch` for https servers whose certificate a private authority vouches for. */

/** As `fetch`; `ca`: PEM of the one authority to trust instead of the usual ones. */
export async function fetchTrusting(ca: string | undefined, url: string, init: RequestInit = {}): Promise<Response> {
  if (ca === undefined) return fetch(url, init);
  // Loaded here because few need it, and it takes a while.
  const { Agent, fetch: fetchWith } = await import('undici');
  // No pipelining: the connection ends with its answer, and keeps no command from ending.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  return (await fetchWith(url, { ...(init as object), dispatcher })) as unknown as Response;
}
