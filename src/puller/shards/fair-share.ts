/** How many shards a puller is to hold. `pullers`: all that live, the oldest first, by id; the oldest have one more. */
export function fairShare(id: string, pullers: readonly string[], shards: number): number {
  const place = pullers.indexOf(id);
  if (place < 0) return 0;
  return Math.floor(shards / pullers.length) + (place < shards % pullers.length ? 1 : 0);
}
