/** Which of some words a misspelt one may mean. */

/** `Did you mean color? `, before a hint; '' where no word is near: at most a third of the letters may be others. `prefix`: of all words. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string {
  const [nearest] = known
    .map((one) => ({
      one,
      distance: distanceOf(word.toLowerCase(), one.toLowerCase()) / Math.max(word.length, one.length),
    }))
    .sort((a, b) => a.distance - b.distance);
  return nearest && nearest.distance <= 1 / 3 ? `Did you mean ${prefix}${nearest.one}? ` : '';
}

/** How many letters have to be added, left out or replaced. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
