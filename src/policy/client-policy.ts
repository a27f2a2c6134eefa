/**
 * What is configured for one client: its tags, what they do, its view.
 *
 * Duties: the longest netblock of access-control lines that holds an address says it all, as in Unbound (a longer netblock
 * without tags hides a shorter one with tags); a bounded memory of the addresses seen.
 * Leaves to others: whether the client may ask at all (serve/access-control.ts), what a view holds (view.ts).
 */

import { parseIp } from '../wire/ip.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import type { ZoneType } from './local-zone.ts';
import type { PrefixMap } from './prefix-map.ts';
import { commonTags, NO_TAGS, type TagSet } from './tags.ts';
import type { View } from './view.ts';

/** What a client's netblock is given. */
export interface ClientPolicy {
  readonly tags: TagSet;
  /** By tag: the type that zones with it have for the client. */
  readonly tagActions: ReadonlyMap<number, ZoneType>;
  /** By tag: records in place of those of a redirect zone with it. */
  readonly tagData: ReadonlyMap<number, readonly TimedRRset[]>;
  readonly view: View | null;
}

/** A client for whom nothing is configured. */
export const PLAIN_CLIENT: ClientPolicy = { tags: NO_TAGS, tagActions: new Map(), tagData: new Map(), view: null };

/** Addresses remembered with their policy; a flood of forged ones empties the memory and costs a look-up each. */
export const MAX_REMEMBERED_CLIENTS = 4096;

/** Policies of clients by address. */
export class ClientPolicies {
  readonly #byPrefix: PrefixMap<ClientPolicy>;
  readonly #remembered = new Map<string, ClientPolicy>();
  readonly #isPlain: boolean;

  constructor(byPrefix: PrefixMap<ClientPolicy>) {
    this.#byPrefix = byPrefix;
    this.#isPlain = [...byPrefix.entries()].every(({ value }) => value === PLAIN_CLIENT);
  }

  /** What is configured for the client with this address. @hot bench/serve-cached.ts */
  of(ip: string): ClientPolicy {
    return this.#isPlain ? PLAIN_CLIENT : (this.#remembered.get(ip) ?? this.#remember(ip));
  }

  #remember(ip: string): ClientPolicy {
    const address = parseIp(ip);
    const found = address === null ? PLAIN_CLIENT : (this.#byPrefix.longestMatch(address)?.value ?? PLAIN_CLIENT);
    if (this.#remembered.size >= MAX_REMEMBERED_CLIENTS) this.#remembered.clear();
    this.#remembered.set(ip, found);
    return found;
  }
}

/** What the tags that a rule and a client share make of the rule. */
export interface TagOutcome<T> {
  readonly type: T;
  /** The tag that decided, or the last one in common; null: none. */
  readonly tag: number | null;
}

/** The first tag in common that has an action says the type; without one the rule's own type stays. */
export function applyTagActions<T>(
  own: T,
  ruleTags: TagSet | null,
  client: ClientPolicy,
  convert: (type: ZoneType) => T,
): TagOutcome<T> {
  const common = ruleTags === null ? NO_TAGS : commonTags(client.tags, ruleTags);
  for (const tag of common) {
    const type = client.tagActions.get(tag);
    if (type !== undefined) return { type: convert(type), tag };
  }
  return { type: own, tag: common.at(-1) ?? null };
}
