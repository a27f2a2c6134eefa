/**
 * Steps of the walk of trust, shared while they are in progress: many questions below one zone ask for its keys at once.
 *
 * No cycle can arise: a step waits only for the zone above it and for fetches, and fetches never validate.
 */

import { type Name, nameKey } from '../wire/name.ts';
import type { Step } from './zone-security.ts';

export class SharedSteps {
  readonly #pending = new Map<string, Promise<Step>>();

  /**
   * Joins the step of this name, or runs it. A result that tells about the work that ran, not about the zone (a limit, a
   * cancellation), is not taken from another: the joiner then runs the step on its own budget (ARCHITECTURE.md, "Sharing").
   */
  async share(name: Name, trustEpoch: number, run: () => Promise<Step>): Promise<Step> {
    // A step from before trust has changed is nobody's who began after it.
    const key = `${trustEpoch} ${nameKey(name)}`;
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      // The owner of the step hears of its rejection itself.
      const joined = await pending.then(takeWhenImpersonal, () => null);
      return joined ?? run();
    }
    const own = run();
    this.#pending.set(key, own);
    try {
      return await own;
    } finally {
      this.#pending.delete(key);
    }
  }

  /** Steps in progress now. */
  get count(): number {
    return this.#pending.size;
  }
}

function takeWhenImpersonal(step: Step): Step | null {
  return step.status === 'indeterminate' && step.why.kind === 'limit' ? null : step;
}
