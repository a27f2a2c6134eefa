/**
 * The caches over restarts (`cache-file`): written at a stop and every so often, read at start.
 *
 * Duties: files and timers; the key beside the file, without which nothing in it is believed; one line for what came of it.
 * Leaves to others: the form and what is refused (cache-image.ts), what entries become (stored-entries.ts).
 *
 * Nobody waits for it: reading and taking go on beside queries, a piece in each turn.
 */

import { EntryReader } from '../cache/entry-reader.ts';
import { MAC_OCTETS } from '../cache/keyed-digest.ts';
import type { CancelTimer } from '../ports/clock.ts';
import type { FileResult } from '../ports/files.ts';
import type { Ports } from '../ports/ports.ts';
import { runAtOnce, runInTurns, type Steps } from '../wire/steps.ts';
import { type Basis, type ImageParts, type ImageSource, makeImage, openImage } from './cache-image.ts';
import { dataBasis } from './data-basis.ts';
import { cacheFileOptions } from './options/cache-file.ts';
import { resolveOptions } from './options/rooms.ts';
import { trustBasis } from './reload.ts';
import type { ResolverInstance } from './resolver-instance.ts';
import { StoredEntries } from './stored-entries.ts';
import { VERSION } from './version.ts';

/** Only the daemon's user may read them: a cache tells who was written to, and the key is what the file is believed for. */
const FILE_MODE = 0o600;
const KEY_SUFFIX = '.key';
/** Entries that are taken before others get their turn: about a millisecond. */
const ENTRIES_PER_TURN = 50;

/** The cache file of a process. */
export class CacheFile {
  readonly #ports: Pick<Ports, 'clock' | 'files' | 'random' | 'log'>;
  #instance: ResolverInstance | null = null;
  #key: { readonly path: string; readonly octets: Uint8Array } | null = null;
  #cancelTimer: CancelTimer = () => {};
  /** While the file is read, what is held is a part of it, which must not take its place. */
  #isLoading = false;
  #isWriting = false;

  constructor(ports: Pick<Ports, 'clock' | 'files' | 'random' | 'log'>) {
    this.#ports = ports;
  }

  /** An instance has come into force: from now on its caches are written where it says. */
  activate(instance: ResolverInstance): void {
    this.#instance = instance;
    this.#cancelTimer();
    const { path, intervalSeconds } = cacheFileOptions(instance.config);
    if (path === '' || intervalSeconds === 0) return;
    this.#cancelTimer = this.#ports.clock.after(intervalSeconds * 1000, () => void this.#writeLater());
  }

  /** Takes what the file of an instance that has just started holds. Ends when all of it is taken. */
  async load(instance: ResolverInstance): Promise<void> {
    const { path } = cacheFileOptions(instance.config);
    if (path === '' || this.#isLoading) return;
    this.#isLoading = true;
    try {
      this.#removeLeftovers(path);
      const why = await this.#take(instance);
      if (why === null) return;
      instance.counters.add('cachefile.dropped');
      this.#ports.log.write('warning', `cache-file ${path} is dropped: ${why}`);
    } finally {
      this.#isLoading = false;
    }
  }

  /** Writes at once: the process ends after it. */
  stop(): void {
    this.#cancelTimer();
    const instance = this.#instance;
    this.#instance = null;
    const { path } = instance === null ? { path: '' } : cacheFileOptions(instance.config);
    if (instance === null || path === '' || this.#isLoading) return;
    const key = this.#keyFor(path);
    if (key === null) return;
    const image = runAtOnce(this.#image(instance, key, true));
    this.#note(instance, path, this.#ports.files.replaceAtomically(path, image, FILE_MODE));
  }

  async #writeLater(): Promise<void> {
    const instance = this.#instance;
    if (instance === null) return;
    this.activate(instance);
    const { path } = cacheFileOptions(instance.config);
    const key = this.#isLoading || this.#isWriting ? null : this.#keyFor(path);
    if (key === null) return;
    this.#isWriting = true;
    try {
      const image = await runInTurns(this.#image(instance, key, false), this.#ports.clock);
      // Reloads go on beside it: what an instance that is gone held is nothing to keep.
      if (this.#instance !== instance) return;
      this.#note(instance, path, await this.#ports.files.replaceInBackground(path, image, FILE_MODE));
    } finally {
      this.#isWriting = false;
    }
  }

  #note(instance: ResolverInstance, path: string, written: FileResult<void>): void {
    if (written.ok) instance.counters.add('cachefile.written');
    else this.#ports.log.write('error', `cannot write cache-file ${path}: ${written.error.text}`);
  }

  #image(instance: ResolverInstance, key: Uint8Array, isOrdered: boolean): Steps<Uint8Array> {
    const { config, caches } = instance;
    const { maxOctets } = cacheFileOptions(config);
    const source: ImageSource = { caches, maxOctets, withExpired: config.server.serveExpired, isOrdered };
    return makeImage(this.#parts(instance, key), source);
  }

  /** Null: all is taken, or there is nothing to take; else why the file is dropped. */
  async #take(instance: ResolverInstance): Promise<string | null> {
    const { clock, files, log } = this.#ports;
    const { path, maxOctets } = cacheFileOptions(instance.config);
    const key = this.#keyFor(path);
    if (key === null) return null;
    const { trustEpoch } = instance.caches.rrsets;
    const file = await files.readPrivateInBackground(path, maxOctets);
    if (!file.ok) return file.error.kind === 'missing' ? null : file.error.text;
    const opened = await runInTurns(openImage(this.#parts(instance, key), file.value), clock);
    if (opened.kind === 'refused') return opened.why;
    const reader = new EntryReader(opened.entries);
    const taker = this.#taker(instance, opened.keepsVerdicts);
    for (let taken = 1; !reader.isAtEnd; taken++) {
      const entry = reader.next();
      if (entry === null) return 'an entry cannot be read';
      taker.take(entry);
      if (taken % ENTRIES_PER_TURN !== 0) continue;
      await clock.nextTurn();
      // Caches that are not in force any more need nothing; trust that has changed meanwhile is not what the file rests on.
      if (this.#instance?.caches.rrsets !== instance.caches.rrsets) return null;
      if (instance.caches.rrsets.trustEpoch !== trustEpoch) return 'trust has changed while it was read';
    }
    const { answers, rrsets } = taker.count;
    instance.counters.add('cachefile.answers', answers);
    const age = `${clock.unixSeconds() - opened.writtenAt} s old`;
    const trust = opened.keepsVerdicts
      ? ''
      : '; all of it will be validated again, since trust anchors or rules have changed';
    log.write('info', `cache-file ${path}, ${age}: ${answers} answers and ${rrsets} RRsets taken${trust}`);
    return null;
  }

  #taker({ caches, config }: ResolverInstance, keepsVerdicts: boolean): StoredEntries {
    const now = this.#ports.clock.unixSeconds();
    const { isOn, ttlSeconds } = resolveOptions(config).serveExpired;
    const isStillServed = (expiresAt: number): boolean => isOn && (ttlSeconds === 0 || expiresAt + ttlSeconds > now);
    const isOfUse = (expiresAt: number): boolean => expiresAt > now || isStillServed(expiresAt);
    return new StoredEntries({ caches, now, signatureTime: config.server.valOverrideDate, keepsVerdicts, isOfUse });
  }

  #parts(instance: ResolverInstance, key: Uint8Array): ImageParts {
    return { crypto: instance.crypto, key, basis: basisOf(instance), now: this.#ports.clock.unixSeconds() };
  }

  /** The key beside the file, made where there is none; null when it can be neither read nor written, which is said. */
  #keyFor(path: string): Uint8Array | null {
    const keyPath = path + KEY_SUFFIX;
    if (this.#key?.path === keyPath) return this.#key.octets;
    const { files, random, log } = this.#ports;
    const read = files.readPrivate(keyPath, MAC_OCTETS);
    let octets = read.ok ? read.value : random.bytes(MAC_OCTETS);
    if (!read.ok || octets.length !== MAC_OCTETS) {
      if (!read.ok && read.error.kind !== 'missing') {
        log.write('error', `cache-file is not used: cannot read its key ${keyPath}: ${read.error.text}`);
        return null;
      }
      octets = random.bytes(MAC_OCTETS);
      const written = files.replaceAtomically(keyPath, octets, FILE_MODE);
      if (!written.ok) {
        log.write('error', `cache-file is not used: cannot write its key ${keyPath}: ${written.error.text}`);
        return null;
      }
    }
    this.#key = { path: keyPath, octets };
    return octets;
  }

  /** Files that a process that was killed had not put in their place. */
  #removeLeftovers(path: string): void {
    const { files } = this.#ports;
    if (/[*?[\]{}\\]/.test(path)) return;
    for (const left of files.glob(`${path}*.tmp`)) if (LEFTOVER.test(left.slice(path.length))) files.remove(left);
  }
}

/** What node-files.ts calls a file, or the key, until it is whole. */
const LEFTOVER = /^(?:\.key)?\.[0-9a-f]{16}\.tmp$/;

/** What the entries of an instance rest on. */
function basisOf(instance: ResolverInstance): Basis {
  const { config, crypto, serverZones } = instance;
  const trust = JSON.stringify([trustBasis(instance), config.server.moduleConfig, VERSION]);
  return {
    trust: crypto.digest('sha256', new TextEncoder().encode(trust)),
    data: dataBasis(config, serverZones, crypto),
  };
}
