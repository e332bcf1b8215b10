/** Texts and results that are remembered at most; then the memory starts anew. */
const MAX_ENTRIES = 1_000;
/** Longer texts are not worth their place. */
const MAX_LENGTH = 1_000;

/** Remembers the results of a function of a text. What it throws is not remembered. */
export function remember<T>(work: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const result = work(text);
    if (text.length <= MAX_LENGTH) {
      if (known.size >= MAX_ENTRIES) known.clear();
      known.set(text, result);
    }
    return result;
  };
}
