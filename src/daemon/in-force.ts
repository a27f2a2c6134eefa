/**
 * The resolver and the caches in force, for what outlives an instance when an option is changed: zones, anchors that are tracked,
 * policy. They are made with the first instance, and must neither ask nor flush what is in force no more.
 */

import type { Resolver } from '../resolve/resolver.ts';
import type { Caches } from './caches.ts';

/** What can be asked and flushed. */
interface Current {
  readonly resolver: Resolver;
  readonly caches: Caches;
}

/** A place that always leads to the instance in force. */
export class InForce {
  #current: Current | null = null;

  /** Puts another instance in force. */
  activate(current: Current): void {
    this.#current = current;
  }

  get resolver(): Resolver {
    return this.#get().resolver;
  }

  get caches(): Caches {
    return this.#get().caches;
  }

  #get(): Current {
    if (this.#current === null) throw new Error('bug: asked before the rooms are joined');
    return this.#current;
  }
}
