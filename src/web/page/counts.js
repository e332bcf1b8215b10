/** What the puller counts, of a region and of all. */
import { rateText, whole } from './format.js';

const FIELDS = ['live', 'paused', 'silent', 'received', 'gaps', 'late', 'duplicates'];

/** Texts for the places of the same names. */
export function countTexts(view) {
  const texts = FIELDS.map((field) => [field, whole(view[field])]);
  return { rate: rateText(view.rate), ...Object.fromEntries(texts) };
}

/** Marks the counts that should be zero and are not. */
export function markTroubles(node, view) {
  for (const field of ['silent', 'gaps']) {
    node.querySelector(`[data-f="${field}"]`)?.classList.toggle('bad', view[field] > 0);
  }
}
