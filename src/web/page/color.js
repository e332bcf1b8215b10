/** Colours of sensors. Readings are untrusted, so colours are checked before they are used. */

/**
 * `#rrggbb` in lower case, or undefined for anything else.
 * @param {string} color
 */
export const safeColor = (color) => (/^#[0-9a-f]{6}$/i.test(color) ? color.toLowerCase() : undefined);

/**
 * Black or white, whichever is easier to read on this colour (WCAG relative luminance).
 * @param {string} color
 */
function textColorOn(color) {
  const [r, g, b] = /** @type {[number, number, number]} */ (
    [1, 3, 5].map((at) => {
      const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    })
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}

/**
 * @param {HTMLElement} node
 * @param {string | undefined} color a safe one
 */
export function paint(node, color) {
  if (node.dataset.color === (color ?? '')) return;
  node.dataset.color = color ?? '';
  if (color) {
    node.style.setProperty('--sensor', color);
    node.style.setProperty('--on-sensor', textColorOn(color));
  } else {
    node.style.removeProperty('--sensor');
    node.style.removeProperty('--on-sensor');
  }
}
