/** A bar of what is done, on a terminal and for more than one thing; elsewhere nothing is written. */

/** Characters of the whole bar. */
const WIDTH = 30;
const ERASE_LINE = '\r\x1b[K';

export class ProgressBar {
  readonly #stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;
  readonly #count: number;
  #done = 0;

  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>, count: number) {
    this.#stream = stream;
    this.#count = count;
  }

  get #isShown(): boolean {
    return this.#count > 1 && this.#stream.isTTY === true;
  }

  /** One more is done. */
  step(): void {
    this.#done++;
    if (!this.#isShown) return;
    const filled = Math.round((this.#done / this.#count) * WIDTH);
    this.#stream.write(`\r[${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${this.#done}/${this.#count}`);
  }

  /** Leaves the line as it was. */
  end(): void {
    if (this.#isShown) this.#stream.write(ERASE_LINE);
  }
}
