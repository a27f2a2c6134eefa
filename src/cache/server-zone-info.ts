/**
 * How one server serves one zone: timeouts and lameness, by type of question. A server that drops TLSA, or refers AAAA
 * upwards, still serves MX; a zone that it does not serve at all says nothing about those that it serves.
 */

import { type Name, nameKey, nameOfKey } from '../wire/name.ts';
import { TYPE } from '../wire/rr-type.ts';

/** How a server fails a zone. */
export type Lameness = 'lame' | 'recursion-lame' | 'dnssec-lame';
/** Kinds of questions as `dump_infra` tells them apart. */
export type QueryKind = 'A' | 'AAAA' | 'other';

/**
 * Types that are told apart: those that hosts and mail need. All others are one, so that who asks a dead server for any number
 * of types finds it silent soon.
 */
const USUAL_TYPES: ReadonlySet<number> = new Set([
  ...[TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.SOA, TYPE.CNAME, TYPE.MX, TYPE.TXT, TYPE.PTR],
  ...[TYPE.SRV, TYPE.DS, TYPE.DNSKEY, TYPE.TLSA, TYPE.CAA, TYPE.HTTPS],
]);
/** What stands for all other types; no type has this number. */
const OTHER_TYPES = 0;
/** Timeouts in a row of one type until its questions can find the server silent (Unbound TIMEOUT_COUNT_MAX). */
const TIMEOUTS_TO_REST = 3;
/** Octets of one entry besides what is in the lists; of a silent and of a lame type there. */
const INFO_OCTETS = 160;
const TIMED_OUT_TYPE_OCTETS = 72;
const LAME_TYPE_OCTETS = 64;
/** Octets of a list that has something in it, besides that. */
const LIST_OCTETS = 48;
/** Stands between the server and the zone's key; no address has one. */
const SEPARATOR = ' ';
/** The list of most entries. */
const NOTHING: readonly never[] = [];

/** Timeouts of one type since the last answer. */
interface TypeTimeouts {
  readonly type: number;
  count: number;
  /** Monotonic ms until which no further question of the type goes to the silent server. */
  restsUntilMs: number;
}

/** A type that the server does not serve. */
interface LameType {
  readonly type: number;
  /** When it last showed that, monotonic ms. */
  shownAtMs: number;
}

/** What names a server (`ip@port`) and a zone together. */
export function serverZoneKey(server: string, zone: Name): string {
  return server + SEPARATOR + nameKey(zone);
}

export class ServerZoneInfo {
  readonly #key: string;
  /** Where the server ends in it. */
  readonly #serverEnd: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Timeout after timeouts, ms; 0: there were none since the last answer. */
  backoffMs = 0;
  /** When the first of these timeouts was, monotonic ms. */
  silentSinceMs = 0;
  /** When the server last answered for the zone, monotonic ms; -Infinity: never. */
  answeredAtMs = Number.NEGATIVE_INFINITY;
  /** What it held when it was last counted, octets. */
  countedOctets = 0;
  #timeouts: readonly TypeTimeouts[] = NOTHING;
  #lameTypes: readonly LameType[] = NOTHING;
  #lameness: Exclude<Lameness, 'lame'> | null = null;

  /** `key`: of `serverZoneKey`, the only one of its kind that is kept. */
  constructor(key: string, expiresAt: number) {
    this.#key = key;
    // Searched at once, which makes one text of the parts that it was put together from: kept as parts it takes 90 octets more.
    this.#serverEnd = key.indexOf(SEPARATOR);
    this.expiresAt = expiresAt;
  }

  get server(): string {
    return this.#key.slice(0, this.#serverEnd);
  }

  /** In lower case. */
  get zone(): Name {
    return nameOfKey(this.#key.slice(this.#serverEnd + SEPARATOR.length));
  }

  /** How the server fails the zone for a type. */
  lamenessFor(type: number): Lameness | null {
    return this.#lameOf(type) === null ? this.#lameness : 'lame';
  }

  /** When the server last showed that it does not serve the type, monotonic ms; -Infinity: never. */
  lameShownAtMs(type: number): number {
    return this.#lameOf(type)?.shownAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** All the ways in which it fails the zone; for reports. */
  get lamenesses(): { readonly zone: Lameness | null; readonly a: boolean; readonly other: boolean } {
    return {
      zone: this.#lameness,
      a: this.#lameOf(TYPE.A) !== null,
      other: this.#lameTypes.some(({ type }) => type !== TYPE.A),
    };
  }

  /** Takes note of a failing. That a type is not served is about the type, the other two are about the zone. */
  setLame(lameness: Lameness, type: number, nowMs: number): void {
    const known = this.#lameOf(type);
    if (lameness !== 'lame') this.#lameness = lameness;
    else if (known === null)
      this.#lameTypes = withOneMore(this.#lameTypes, { type: tellApart(type), shownAtMs: nowMs });
    else known.shownAtMs = nowMs;
  }

  #lameOf(type: number): LameType | null {
    return ofType(this.#lameTypes, type);
  }

  /** Questions in a row that were met by silence, all together. */
  get timeoutsInRow(): number {
    let sum = 0;
    for (let i = 0; i < this.#timeouts.length; i++) sum += (this.#timeouts[i] as TypeTimeouts).count;
    return sum;
  }

  get timeoutsByKind(): Record<QueryKind, number> {
    const counts = { A: 0, AAAA: 0, other: 0 };
    for (const { type, count } of this.#timeouts) {
      counts[type === TYPE.A ? 'A' : type === TYPE.AAAA ? 'AAAA' : 'other'] += count;
    }
    return counts;
  }

  addTimeout(type: number, nowMs: number): void {
    if (this.backoffMs === 0) this.silentSinceMs = nowMs;
    this.#timeoutsOf(type).count++;
  }

  /** No question of the type until then. */
  rest(type: number, untilMs: number): void {
    this.#timeoutsOf(type).restsUntilMs = untilMs;
  }

  /** True while questions of the type rest. */
  isResting(type: number, nowMs: number): boolean {
    const timeouts = ofType(this.#timeouts, type);
    return timeouts !== null && timeouts.count >= TIMEOUTS_TO_REST && timeouts.restsUntilMs > nowMs;
  }

  /** The longest that any type still rests, ms; for reports. */
  restMs(nowMs: number): number {
    return this.#timeouts.reduce((longest, { restsUntilMs }) => Math.max(longest, restsUntilMs - nowMs), 0);
  }

  /** Takes over timeouts of an entry that has expired: they still count towards resting. */
  resumeFrom(expired: ServerZoneInfo, backoffMs: number): void {
    this.backoffMs = backoffMs;
    this.silentSinceMs = expired.silentSinceMs;
    this.#timeouts = expired.#timeouts.map(({ type, count }) => ({ type, count, restsUntilMs: 0 }));
  }

  forgetTimeouts(): void {
    this.backoffMs = 0;
    this.#timeouts = NOTHING;
  }

  /** Octets on the heap, estimated. */
  get octets(): number {
    const types = TIMED_OUT_TYPE_OCTETS * this.#timeouts.length + LAME_TYPE_OCTETS * this.#lameTypes.length;
    const lists = (this.#timeouts.length > 0 ? LIST_OCTETS : 0) + (this.#lameTypes.length > 0 ? LIST_OCTETS : 0);
    return INFO_OCTETS + types + lists;
  }

  #timeoutsOf(asked: number): TypeTimeouts {
    const known = ofType(this.#timeouts, asked);
    if (known !== null) return known;
    const made: TypeTimeouts = { type: tellApart(asked), count: 0, restsUntilMs: 0 };
    this.#timeouts = withOneMore(this.#timeouts, made);
    return made;
  }
}

/** What a list has of a type that is asked for; mostly lists are empty. */
function ofType<Each extends { readonly type: number }>(list: readonly Each[], asked: number): Each | null {
  if (list.length === 0) return null;
  const type = tellApart(asked);
  for (let i = 0; i < list.length; i++) if (list[i]?.type === type) return list[i] as Each;
  return null;
}

/** The list with an element more, in an array of just that length: what spreading makes may have room for 17. */
function withOneMore<Each>(list: readonly Each[], one: Each): readonly Each[] {
  return list.concat(one);
}

function tellApart(type: number): number {
  return USUAL_TYPES.has(type) ? type : OTHER_TYPES;
}
