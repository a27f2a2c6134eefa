/** A store of octets in memory that several resolvers may share, and that tests can make slow, dead or a liar. */

import type { SharedStore, StoreResult } from '../../src/ports/shared-store.ts';

/** How it behaves: answers, fails at once, or never says a word. */
type StoreMood = 'well' | 'down' | 'silent';

export class FakeStore implements SharedStore {
  readonly values = new Map<string, Uint8Array>();
  /** Seconds that `set` was given, by key. */
  readonly seconds = new Map<string, number | null>();
  mood: StoreMood = 'well';
  gets = 0;
  sets = 0;
  isClosed = false;

  async get(key: string): Promise<StoreResult<Uint8Array | null>> {
    this.gets++;
    return await this.#inMood(() => this.values.get(key)?.slice() ?? null);
  }

  async set(key: string, value: Uint8Array, seconds: number | null): Promise<StoreResult<void>> {
    this.sets++;
    return await this.#inMood(() => {
      this.values.set(key, value.slice());
      this.seconds.set(key, seconds);
    });
  }

  close(): void {
    this.isClosed = true;
  }

  #inMood<T>(run: () => T): Promise<StoreResult<T>> {
    if (this.mood === 'silent') return new Promise(() => {});
    if (this.isClosed || this.mood === 'down') return Promise.resolve({ ok: false, text: 'Connection is closed.' });
    return Promise.resolve({ ok: true, value: run() });
  }
}
