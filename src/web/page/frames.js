/** One frame at a time: events only mark what changed, so that 5,000 of them a second cost one drawing. */

const drawings = [];
let frame = 0;

/** @param {(now: number) => boolean} drawing Draws what has changed; true when it goes on in the next frame. */
export function addDrawing(drawing) {
  drawings.push(drawing);
}

/** Has everything drawn in the next frame. */
export function draw() {
  if (frame === 0) frame = requestAnimationFrame(render);
}

function render(now) {
  frame = 0;
  let more = false;
  for (const drawing of drawings) more = drawing(now) || more;
  if (more) draw();
}
