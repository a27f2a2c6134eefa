/** Where a server listens: at the targets that it is told, and no others, over reloads. What stays wanted stays open. */

export class ListenerSet<Open extends { close(): void }> {
  readonly #open = new Map<string, Open>();

  /**
   * Closes what is not wanted any more and opens what is new; a line for each that could not be opened, which `open` gives. `stays`: whether
   * what is open and wanted is as it is wanted; absent: always.
   */
  async change<Target>(
    wanted: ReadonlyMap<string, Target>,
    open: (target: Target, key: string) => Promise<Open | string>,
    stays: (before: Open, key: string) => boolean = () => true,
  ): Promise<string[]> {
    for (const [key, before] of this.#open) {
      if (wanted.has(key) && stays(before, key)) continue;
      before.close();
      this.#open.delete(key);
    }
    const problems: string[] = [];
    for (const [key, target] of wanted) {
      if (this.#open.has(key)) continue;
      const opened = await open(target, key);
      if (typeof opened === 'string') problems.push(opened);
      else this.#open.set(key, opened);
    }
    return problems;
  }

  entries(): readonly (readonly [key: string, open: Open])[] {
    return [...this.#open];
  }

  values(): readonly Open[] {
    return [...this.#open.values()];
  }

  /** Forgets them all; closes those that the test says yes to, by default all. */
  stop(isClosed: (key: string) => boolean = () => true): void {
    for (const [key, open] of this.#open) if (isClosed(key)) open.close();
    this.#open.clear();
  }
}
