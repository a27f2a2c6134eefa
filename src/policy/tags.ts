/**
 * Tags: words by which rules and clients are joined (define-tag). A tag's number is its place among all defined ones; where
 * several match, the lowest number counts.
 */

export type TagSet = readonly number[];

export const NO_TAGS: TagSet = [];

export class Tags {
  readonly #numbers = new Map<string, number>();

  /** `lines` are the values of define-tag, in order. */
  constructor(lines: readonly (readonly string[])[]) {
    for (const word of lines.flat()) {
      if (!this.#numbers.has(word)) this.#numbers.set(word, this.#numbers.size);
    }
  }

  /** The number of a tag; null when it is not defined. */
  numberOf(word: string): number | null {
    return this.#numbers.get(word) ?? null;
  }

  /** The set of some words; those not defined are left out (the configuration check names them). */
  setOf(words: readonly string[]): TagSet {
    const numbers = words.flatMap((word) => this.numberOf(word) ?? []);
    return [...new Set(numbers)].sort((a, b) => a - b);
  }
}

/** True when the sets have a tag in common. */
export function tagsMeet(a: TagSet, b: TagSet): boolean {
  return a.some((tag) => b.includes(tag));
}

/** The tags in both, ascending. */
export function commonTags(a: TagSet, b: TagSet): TagSet {
  return a.filter((tag) => b.includes(tag));
}
