/** How a reading is seen to arrive. */

export const FLASH_MS = 450;

/** `matches` where people asked for no motion. */
export const stillPage = matchMedia('(prefers-reduced-motion: reduce)');
