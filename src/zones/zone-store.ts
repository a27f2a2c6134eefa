/**
 * All zones that are kept as a local copy: which one speaks for a name, for clients and for iteration; NOTIFY; what operators ask.
 *
 * Duties: the interface of the room. Leaves to others: one zone's life (stored-zone.ts), the form of replies, policy (`onZone` tells it
 * of its zones).
 */

import type { Answered } from '../terms/resolution.ts';
import type { ZoneCopy } from '../terms/upstream-zone.ts';
import { MAX_MESSAGE_OCTETS, MessageBuilder } from '../wire/message-builder.ts';
import { isRoot, type Name, nameKey, parentOf } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { isSerialNewer } from '../wire/serial.ts';
import type { Steps } from '../wire/steps.ts';
import { StoredZone, type StoredZoneParts, type ZoneStatus } from './stored-zone.ts';
import type { Zone } from './zone.ts';
import type { ZoneFileProblem } from './zone-file.ts';
import { lookUp } from './zone-lookup.ts';
import type { ZoneOptions } from './zone-options.ts';
import { answeredOfZone, responseOfZone } from './zone-reply.ts';

/** What became of a NOTIFY. */
type Notified = 'accepted' | 'refused' | 'unknown-zone';

/** Small zone files read in one piece. */
const ZONES_PER_PIECE = 20;

export interface ZoneProblem extends ZoneFileProblem {
  readonly zone: string;
  readonly path: string;
  /** False: the zone can still come from elsewhere, or may do without its file until that is there (`mayLack`). */
  readonly isFatal: boolean;
}

interface ListedZone extends ZoneStatus {
  readonly zone: Name;
}

/** A listener for changes: the zone's options, its new content. */
type ZoneListener = (options: ZoneOptions, zone: Zone) => void;

export class ZoneStore {
  readonly #parts: StoredZoneParts;
  readonly #zones = new Map<string, StoredZone>();
  readonly #listeners: ZoneListener[] = [];
  #holders = 0;
  readonly #buffer = new Uint8Array(MAX_MESSAGE_OCTETS);
  readonly #builder = new MessageBuilder(this.#buffer);

  constructor(zones: readonly ZoneOptions[], parts: StoredZoneParts) {
    this.#parts = parts;
    for (const options of zones) {
      const zone = new StoredZone(options, parts);
      zone.onChange = () => this.#tell(zone);
      this.#zones.set(nameKey(options.name), zone);
    }
  }

  /** True when no zone is configured. */
  get isEmpty(): boolean {
    return this.#zones.size === 0;
  }

  /**
   * Reads all zone files, in pieces: a reload goes on answering meanwhile. Those that have not changed since the store before the
   * reload, `before`, read them are not read again.
   */
  *loadSteps(before: ZoneStore | null = null): Steps<readonly ZoneProblem[]> {
    const found: ZoneProblem[] = [];
    let count = 0;
    for (const zone of this.#zones.values()) {
      for (const problem of yield* zone.loadSteps(before?.find(zone.options.name) ?? null)) {
        const isFatal = !zone.hasSources && !this.#mayLack(zone);
        found.push({ ...problem, zone: zone.text, path: zone.options.zonefile ?? '', isFatal });
      }
      if (++count % ZONES_PER_PIECE === 0) yield;
    }
    return found;
  }

  /** A policy zone without rules would let everything through; of another zone only the copy is missing. */
  #mayLack({ options: { purpose, zonefile } }: StoredZone): boolean {
    return purpose === 'authority' && zonefile !== null && !this.#parts.files.exists(zonefile);
  }

  /** Starts timers and transfers; called once by each resolver that has the zones, since a reload may hand them on. */
  start(): void {
    if (this.#holders++ > 0) return;
    for (const zone of this.#zones.values()) zone.start();
  }

  /** Stops them when no other resolver has the zones. */
  stop(): void {
    if (--this.#holders > 0) return;
    for (const zone of this.#zones.values()) zone.stop();
  }

  /** Calls the listener for each local copy, now and whenever its content changes. */
  onZone(listener: ZoneListener): void {
    this.#listeners.push(listener);
    for (const zone of this.#zones.values()) {
      const content = zone.usable();
      if (content !== null) listener(zone.options, content);
    }
  }

  /** The zone of that name, whatever its state. */
  find(name: Name): StoredZone | null {
    return this.#zones.get(nameKey(name)) ?? null;
  }

  /**
   * What a client is told: an answer, `unusable` (SERVFAIL), or null when resolution is to answer. `wantsDnssec`: proofs are
   * wanted.
   */
  answer(question: Question, wantsDnssec: boolean): Answered | 'unusable' | null {
    if (this.#zones.size === 0 || question.class !== CLASS.IN) return null;
    const local = this.#closest(ownSide(question), isForClients);
    if (local === null) return null;
    this.#parts.counters.add('authzone.down');
    const zone = local.usable();
    const found = zone === null ? null : lookUp(zone, question, wantsDnssec ? local.chain() : null);
    if (found !== null) return answeredOfZone(found, question, local.options.name, this.#parts.clock.unixSeconds());
    return local.options.fallbackEnabled ? null : 'unusable';
  }

  /** Whether clients get answers to this question from a zone here, as soon as it has data. */
  hasZoneFor(question: Question): boolean {
    return this.#zones.size > 0 && this.#closest(ownSide(question), isForClients) !== null;
  }

  /**
   * The deepest zone at or above a name that resolution uses. Passed over: a copy that cannot be used, or is in `avoid` because
   * its data was bogus, where servers may be asked instead (`fallback-enabled`).
   */
  closest(name: Name, avoid: ReadonlySet<string>): ZoneCopy | null {
    if (this.#zones.size === 0) return null;
    const local = this.#closest(name, ({ options }, zone) => {
      if (options.purpose !== 'authority' || !options.forUpstream) return false;
      return !options.fallbackEnabled || (zone !== null && !avoid.has(copyKey(options.name)));
    });
    if (local === null) return null;
    const { name: zoneName } = local.options;
    const key = copyKey(zoneName);
    const respond = (question: Question): Uint8Array | null => {
      const zone = avoid.has(key) ? null : local.usable();
      const found = zone === null ? null : lookUp(zone, question, local.chain());
      if (found !== null) this.#parts.counters.add('authzone.up');
      return found === null ? null : responseOfZone(this.#builder, this.#buffer, found, question);
    };
    return { zone: zoneName, key, respond };
  }

  /** A NOTIFY for a zone (RFC 1996). `serial`: of the SOA that came with it; null: none did. */
  notify(zone: Name, from: string, serial: number | null): Notified {
    const local = this.find(zone);
    if (local === null || !local.hasSources) return 'unknown-zone';
    if (!local.mayNotify(from)) return 'refused';
    const own = local.usable()?.soa?.serial;
    // RFC 1996 §3.11: a serial that is no news needs no transfer.
    const isNews = serial === null || own === undefined || isSerialNewer(serial, own);
    if (isNews && !local.notified(from)) this.#parts.counters.add('notify.waiting');
    return 'accepted';
  }

  /** Zones and their states, for list_auth_zones. */
  list(): readonly ListedZone[] {
    return [...this.#zones.values()].map((zone) => ({ zone: zone.options.name, ...zone.status() }));
  }

  /** True when there is a zone of that name, whatever its state. */
  has(name: Name): boolean {
    return this.#zones.has(nameKey(name));
  }

  /** True for a zone of policy. */
  isRpz(name: Name): boolean {
    return this.find(name)?.options.purpose === 'policy';
  }

  /** Reads the zone's file again (auth_zone_reload); the error, or null. */
  async reload(name: Name): Promise<string | null> {
    const zone = this.find(name);
    return zone === null ? 'no such zone' : await zone.reload();
  }

  /** Asks the sources now (auth_zone_transfer); false: there are none. */
  transfer(name: Name): boolean {
    const zone = this.find(name);
    if (zone === null || !zone.hasSources) return false;
    zone.update();
    return true;
  }

  /** Resolves when no zone is being updated. */
  async idle(): Promise<void> {
    for (const zone of this.#zones.values()) await zone.idle();
  }

  #closest(name: Name, isFit: (zone: StoredZone, content: Zone | null) => boolean): StoredZone | null {
    for (let at = name; ; at = parentOf(at)) {
      const zone = this.#zones.get(nameKey(at));
      if (zone !== undefined && isFit(zone, zone.usable())) return zone;
      if (isRoot(at)) return null;
    }
  }

  #tell(zone: StoredZone): void {
    const content = zone.usable();
    if (content === null) return;
    for (const listener of this.#listeners) listener(zone.options, content);
  }
}

function isForClients({ options }: StoredZone): boolean {
  return options.forDownstream;
}

/** RFC 4035 §3.1.4.1: a DS is answered by the zone above. */
function ownSide({ name, type }: Question): Name {
  return type === TYPE.DS && !isRoot(name) ? parentOf(name) : name;
}

function copyKey(zone: Name): string {
  return `auth-zone ${nameKey(zone)}`;
}
