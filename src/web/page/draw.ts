/**
 * Draws a few times a second: events only mark what has changed, so 5,000 events a second cost no more drawing than four.
 * While the page is hidden nothing is drawn.
 */

/** Faster numbers cannot be read. */
const EVERY_MS = 250;

export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** Draws what has changed; {@link draw} calls it again. */
type Drawing = (now: number) => void;

const drawings: Drawing[] = [];
let asked = false;
let drawnAt = Number.NEGATIVE_INFINITY;

export const addDrawings = (...added: Drawing[]): void => void drawings.push(...added);

/** Calls every drawing at the next turn. */
export function draw(): void {
  if (asked || document.hidden) return;
  asked = true;
  // Browsers call no frames while a page is hidden: the drawing waits until it is seen.
  const frame = () => requestAnimationFrame(render);
  const wait = drawnAt + EVERY_MS - performance.now();
  if (wait > 0) setTimeout(frame, wait);
  else frame();
}

function render(now: number): void {
  asked = false;
  drawnAt = performance.now();
  for (const drawing of drawings) drawing(now);
}

document.addEventListener('visibilitychange', draw);
