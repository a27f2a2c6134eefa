/**
 * Whether the silence of servers is our own line's: when everybody is silent, nobody is to blame.
 *
 * Duties: hold an outage for one when servers that used to answer are silent and nobody else answers; end it with the first
 * answer. Leaves to others: what is forgotten then (server-cache.ts).
 *
 * Only servers that have answered before bear witness: a zone whose twenty servers never say a word is no outage.
 */

/** Timeouts of witnesses in a row, with no answer from anybody between, until the line is taken to be down. */
const TIMEOUTS_TO_BELIEVE = 3;
/** Different witnesses that it takes, when so many are known. */
export const WITNESSES_TO_BELIEVE = 3;

/** One line out. Servers of the own site have another one than those of the world. */
export class OwnLine {
  #silent = new Set<string>();
  #timeouts = 0;
  #isCut = false;
  /** When anybody last answered, monotonic ms; -Infinity: nobody has. */
  answeredAtMs = Number.NEGATIVE_INFINITY;

  /** True while everybody is silent. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Somebody answered; true when that ends an outage. */
  noteAnswer(nowMs: number): boolean {
    const wasCut = this.#isCut;
    this.answeredAtMs = nowMs;
    this.#isCut = false;
    this.#timeouts = 0;
    if (this.#silent.size > 0) this.#silent = new Set();
    return wasCut;
  }

  /** A witness was silent; `witnesses`: how many there are, counted up to WITNESSES_TO_BELIEVE. True when the line is cut by it. */
  noteTimeout(server: string, witnesses: () => number): boolean {
    if (this.#isCut) return false;
    this.#timeouts++;
    if (this.#silent.size < WITNESSES_TO_BELIEVE) this.#silent.add(server);
    if (this.#timeouts < TIMEOUTS_TO_BELIEVE) return false;
    if (this.#silent.size < WITNESSES_TO_BELIEVE && this.#silent.size < witnesses()) return false;
    this.#isCut = true;
    return true;
  }
}
