/** What the clocks of different machines may differ by, in milliseconds: more is a mistake, or a lie. */
export const MAX_AHEAD_MS = 86_400_000;
