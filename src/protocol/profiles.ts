/** What the publisher can measure (wasm/publisher/profile.ts); `none`: nothing. */
export const PROFILES = ['none', 'cold-chain', 'weather', 'machine'] as const;
export type Profile = (typeof PROFILES)[number];
