/** Draws once a frame: events only mark what has changed, so 5,000 events a second need one drawing a frame. */

/** Duration of the flash that shows the arrival of a reading. */
export const FLASH_MS = 450;

/** `matches` when the user prefers reduced motion. */
export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** @typedef {(now: number) => boolean} Drawing Draws what has changed; returns true to be called in the next frame too. */

/** @type {Drawing[]} */
const drawings = [];
let frame = 0;

/** @param {Drawing} drawing */
export function addDrawing(drawing) {
  drawings.push(drawing);
}

/** Calls every drawing in the next frame. */
export function draw() {
  if (frame === 0) frame = requestAnimationFrame(render);
}

/** @param {number} now */
function render(now) {
  frame = 0;
  let more = false;
  for (const drawing of drawings) more = drawing(now) || more;
  if (more) draw();
}
