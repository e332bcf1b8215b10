/** Nodes of the page. Readings are untrusted: their text is set through `textContent` only. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

/**
 * The first match inside a node.
 * @param {ParentNode} node
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(node, selector) {
  const found = node.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {string} tag
 * @param {string} className
 */
export function create(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/**
 * A copy of the content of a template.
 * @param {string} id
 */
export function stamp(id) {
  const { content } = /** @type {HTMLTemplateElement} */ (byId(id));
  return /** @type {HTMLElement} */ (content.firstElementChild?.cloneNode(true));
}

/**
 * Sets the texts of the `data-f` places of a node. Places without a value keep their text.
 * @param {HTMLElement} node
 * @param {Record<string, string>} values
 */
export function fill(node, values) {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (node.querySelectorAll('[data-f]'))) {
    const value = values[place.dataset.f ?? ''];
    if (value !== undefined) setText(place, value);
  }
}

/**
 * Removes children from the end until at most `count` are left.
 * @param {HTMLElement} node
 * @param {number} count
 */
export function trim(node, count) {
  while (node.children.length > count) node.lastElementChild?.remove();
}

/**
 * Gives a node exactly `count` children and returns them. `make` creates missing ones.
 * @param {HTMLElement} node
 * @param {number} count
 * @param {() => HTMLElement} make
 */
export function resize(node, count, make) {
  while (node.children.length < count) node.append(make());
  trim(node, count);
  return /** @type {HTMLElement[]} */ ([...node.children]);
}

/**
 * Gives a node exactly these children. Those that are there already stay, and keep the focus.
 * @param {HTMLElement} node
 * @param {HTMLElement[]} children
 */
export function arrange(node, children) {
  const kept = new Set(children);
  for (const child of /** @type {HTMLElement[]} */ ([...node.children])) if (!kept.has(child)) child.remove();
  for (const [i, child] of children.entries()) {
    const there = node.children[i] ?? null;
    if (there !== child) node.insertBefore(child, there);
  }
}
