/**
 * A reply that comes in time: lines are put in as they happen and taken out as fast as the client reads. What a slow client does not
 * take is left out and counted, never kept without bound.
 */

/** Octets of text that wait for a slow client; a trace of one question has some 100,000. */
const MAX_WAITING_OCTETS = 1_000_000;

export class Feed {
  #waiting = '';
  #leftOut = 0;
  #isEnded = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;
  #onEnd: (() => void) | null;

  /** `onEnd` is called once, when nothing is taken any more. */
  constructor(onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
  }

  /** True until it was ended, and everything was taken. */
  get isOpen(): boolean {
    return !this.#isEnded || this.#waiting !== '';
  }

  /** Adds lines, each with its line feed. */
  push(text: string): void {
    if (this.#isEnded) return;
    if (this.#waiting.length + text.length > MAX_WAITING_OCTETS) {
      this.#leftOut++;
      return;
    }
    this.#waiting += text;
    this.#wakeReader();
  }

  /** Nothing comes any more. */
  end(): void {
    if (this.#isEnded) return;
    if (this.#leftOut > 0) this.#waiting += `... ${this.#leftOut} lines left out: they were not read in time\n`;
    this.#isEnded = true;
    this.#finish();
  }

  /** A bug ended it: `next` throws. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  /** The reader is gone. */
  abandon(): void {
    this.#isEnded = true;
    this.#waiting = '';
    this.#finish();
  }

  /** What waits, as soon as something does; null at the end. */
  async next(): Promise<string | null> {
    while (this.#waiting === '' && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#waiting === '' && this.#failure !== null) throw this.#failure.error;
    const text = this.#waiting;
    this.#waiting = '';
    return text === '' ? null : text;
  }

  #finish(): void {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.();
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
