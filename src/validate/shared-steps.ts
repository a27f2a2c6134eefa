/**
 * Steps of the walk of trust, shared while they are in progress: many questions below one zone ask for its keys at once.
 *
 * No cycle can arise: a step waits only for the zone above it and for fetches, and fetches never validate.
 */

import { type Name, nameKey } from '../wire/name.ts';
import type { Soon } from '../work/soon.ts';
import { TransientMap } from '../work/transient-map.ts';
import type { Step } from './zone-security.ts';

export class SharedSteps {
  readonly #pending = new TransientMap<string, Promise<Step>>();

  /**
   * Joins the step of this name, or runs it. A result that tells about the work that ran, not about the zone (a limit, a
   * cancellation), is not taken from another: the joiner then runs the step on its own budget (ARCHITECTURE.md, "Sharing").
   */
  share(name: Name, trustEpoch: number, run: () => Soon<Step>): Soon<Step> {
    // A step from before trust has changed is nobody's who began after it.
    const key = `${trustEpoch} ${nameKey(name)}`;
    const pending = this.#pending.get(key);
    // The owner of the step hears of its rejection itself.
    if (pending !== undefined) return pending.then(takeWhenImpersonal, () => null).then((joined) => joined ?? run());
    const own = run();
    if (!(own instanceof Promise)) return own;
    this.#pending.set(key, own);
    const leave = (): void => void this.#pending.delete(key);
    own.then(leave, leave);
    return own;
  }

  /** Steps in progress now. */
  get count(): number {
    return this.#pending.size;
  }
}

function takeWhenImpersonal(step: Step): Step | null {
  return step.status === 'indeterminate' && step.why.kind === 'limit' ? null : step;
}
