/** Guesses which word of a list was meant by a misspelt one. */

/** Words further apart than this are not suggested. */
const MAX_DISTANCE = 3;
/** Longer words are not looked at: the work grows with the square. */
const MAX_WORD = 64;

/** The word that is closest to the given one by edits of single characters; null when none is close. */
export function closestWord(given: string, words: readonly string[]): string | null {
  if (given.length > MAX_WORD) return null;
  let best: string | null = null;
  let bestDistance = Math.min(MAX_DISTANCE, Math.floor(given.length / 3)) + 1;
  for (const word of words) {
    if (Math.abs(word.length - given.length) >= bestDistance) continue;
    const distance = editDistance(given.toLowerCase(), word);
    if (distance < bestDistance) [best, bestDistance] = [word, distance];
  }
  return best;
}

/** How many characters to insert, remove or replace to make one word of the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
