/** Nodes of the page. Readings are untrusted: their text goes in through `textContent` only. */

export const byId = (id) => document.getElementById(id);

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function create(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** A copy of what is in a template. */
export const stamp = (id) => byId(id).content.firstElementChild.cloneNode(true);

/** Fills the `data-f` places of a node; those that `values` does not name stay. */
export function fill(node, values) {
  for (const place of node.querySelectorAll('[data-f]')) {
    const value = values[place.dataset.f];
    if (value !== undefined) setText(place, value);
  }
}

/** Gives a node at most this many children. */
export function trim(node, count) {
  while (node.children.length > count) node.lastChild.remove();
}

/** Gives a node exactly this many children; `make` makes those that are missing. */
export function resize(node, count, make) {
  while (node.children.length < count) node.append(make());
  trim(node, count);
}
