/** Nodes of the page. Readings are untrusted: what they say gets into the page as text nodes only. */

/** The first match inside a node. */
export function find(node: ParentNode, selector: string): HTMLElement;
export function find<T extends HTMLElement>(node: ParentNode, selector: string, kind: new () => T): T;
export function find(node: ParentNode, selector: string, kind = HTMLElement): HTMLElement {
  const found = node.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${selector}`);
}

export const byId = (id: string) => find(document, `#${id}`);

export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...content: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...content);
  return node;
}

export const headCell = (scope: 'row' | 'col', text: string) => Object.assign(create('th', '', text), { scope });

/** A copy of the element in a template. */
export function stamp(id: string): HTMLElement {
  const { content } = find(document, `#${id}`, HTMLTemplateElement);
  return find(document.importNode(content, true), '*');
}

/** Sets the texts of the `data-f` places of a node. Places without a value keep their text. */
export function fill(node: Element, values: Record<string, string>): void {
  for (const place of node.querySelectorAll<HTMLElement>('[data-f]')) {
    const value = values[place.dataset.f ?? ''];
    if (value !== undefined) setText(place, value);
  }
}

export function stampFilled(id: string, values: Record<string, string>): HTMLElement {
  const node = stamp(id);
  fill(node, values);
  return node;
}

/** Gives a node exactly these children. Those that are there already stay, and keep the focus. */
export function arrange(node: Element, children: Element[]): void {
  const kept = new Set(children);
  for (const child of [...node.children]) if (!kept.has(child)) child.remove();
  for (const [i, child] of children.entries()) {
    const there = node.children[i] ?? null;
    if (there !== child) node.insertBefore(child, there);
  }
}
