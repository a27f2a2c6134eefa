/**
 * Spans of one ring, in order: each goes from its own place to the next, the last one back past the end to the first. So stand
 * the names of an NSEC chain (RFC 4034 §6.1) and the hashes of an NSEC3 chain (RFC 5155 §3.1.7).
 *
 * Duties: find the span that covers a place and the one that starts there; drop spans that a newer one contradicts; count
 * octets. Leaves to others: what spans are worth, bounds.
 */

/** A span with the texts that order it (latin1, so that their order is that of octets). */
interface OrderedSpan<Span> {
  readonly span: Span;
  readonly from: string;
  /** Not above `from` in the last span of the ring. */
  readonly to: string;
  readonly octets: number;
}

export class SpanList<Span> {
  readonly #spans: OrderedSpan<Span>[] = [];
  #octets = 0;

  /** The span that holds the place strictly inside; null when none is known. */
  findCover(at: string): Span | null {
    // Below the first known span only the last of the ring reaches.
    const before = this.#spans.at(this.#firstNotBelow(at) - 1);
    return before !== undefined && covers(before, at) ? before.span : null;
  }

  /** The span that starts at the place; null when none is known. */
  findMatch(at: string): Span | null {
    const found = this.#spans[this.#firstNotBelow(at)];
    return found?.from === at ? found.span : null;
  }

  /** Puts a span in its place; see `makeWay` for those that go. */
  add(added: OrderedSpan<Span>): void {
    this.makeWay(added);
    this.#spans.splice(this.#firstNotBelow(added.from), 0, added);
    this.#octets += added.octets;
  }

  /** Drops what contradicts a span: one of the same start, those that start inside of it, and one that it starts inside of. */
  makeWay(newer: OrderedSpan<unknown>): void {
    const start = this.#firstNotBelow(newer.from);
    let end = start;
    while (end < this.#spans.length && isContradicted(this.#spans[end], newer)) end++;
    this.#drop(start, end - start);
    const before = this.#spans.at(start - 1);
    if (before !== undefined && covers(before, newer.from)) this.#drop(this.#spans.indexOf(before), 1);
    if (newer.from < newer.to) return;
    let front = 0;
    while (front < this.#spans.length && isContradicted(this.#spans[front], newer)) front++;
    this.#drop(0, front);
  }

  /** Drops the spans that the test says no to; how many. */
  keep(test: (span: Span) => boolean): number {
    const kept = this.#spans.filter(({ span }) => test(span));
    const dropped = this.#spans.length - kept.length;
    this.#spans.splice(0, this.#spans.length, ...kept);
    this.#octets = kept.reduce((sum, { octets }) => sum + octets, 0);
    return dropped;
  }

  dropAt(index: number): void {
    this.#drop(index, 1);
  }

  get count(): number {
    return this.#spans.length;
  }

  /** Octets of all spans, as their makers counted them. */
  get octets(): number {
    return this.#octets;
  }

  /** Index of the first span that does not start before `at`. */
  #firstNotBelow(at: string): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const span = this.#spans[middle];
      if (span !== undefined && span.from < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(start: number, count: number): void {
    if (count === 0) return;
    for (const { octets } of this.#spans.splice(start, count)) this.#octets -= octets;
  }
}

function covers({ from, to }: OrderedSpan<unknown>, at: string): boolean {
  return from < to ? from < at && at < to : at > from || at < to;
}

function isContradicted(span: OrderedSpan<unknown> | undefined, newer: OrderedSpan<unknown>): boolean {
  return span !== undefined && (span.from === newer.from || covers(newer, span.from));
}
