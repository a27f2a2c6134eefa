/**
 * What is configured for one client: its tags, what they do, its view.
 *
 * Duties: the longest netblock of access-control lines that holds an address says it all, as in Unbound (a longer netblock
 * without tags hides a shorter one with tags); a bounded memory of the addresses seen.
 * Leaves to others: whether the client may ask at all (serve/access-control.ts), what a view holds (view.ts).
 */

import { parseIp } from '../wire/ip.ts';
import type { PrefixMap } from '../wire/prefix-map.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { ListenMap, type LocalAddress } from './listen-map.ts';
import type { ZoneType } from './local-zone.ts';
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

/** The same for clients that only a default line of access control is about: what the listening address says comes first. */
export const DEFAULT_CLIENT: ClientPolicy = { ...PLAIN_CLIENT };

/** Addresses remembered with their policy; a flood of forged ones empties the memory and costs a look-up each. */
const MAX_REMEMBERED_CLIENTS = 4096;

export class ClientPolicies {
  readonly #byPrefix: PrefixMap<ClientPolicy>;
  #remembered = new Map<string, ClientPolicy>();
  readonly #byListener: ListenMap<ClientPolicy>;
  readonly #isPlain: boolean;

  /** `byListener` is for clients that no configured netblock is about, by the address that they asked (interface-view, -tag). */
  constructor(byPrefix: PrefixMap<ClientPolicy>, byListener: ReadonlyMap<string, ClientPolicy> = new Map()) {
    this.#byPrefix = byPrefix;
    this.#byListener = new ListenMap(byListener);
    const isPlain = (policy: ClientPolicy): boolean => policy === PLAIN_CLIENT || policy === DEFAULT_CLIENT;
    this.#isPlain = byListener.size === 0 && [...byPrefix.entries()].every(({ value }) => isPlain(value));
  }

  /** What is configured for the client with this address, where it asked. @hot bench/serve-hot-query.ts */
  of(ip: string, local: LocalAddress | null | undefined): ClientPolicy {
    if (this.#isPlain) return PLAIN_CLIENT;
    const own = this.#remembered.get(ip) ?? this.#remember(ip);
    return own === DEFAULT_CLIENT ? (this.#byListener.find(local) ?? own) : own;
  }

  /** True when nothing is configured for the client, wherever it asks. */
  isPlain(ip: string): boolean {
    if (this.#isPlain) return true;
    const own = this.#remembered.get(ip) ?? this.#remember(ip);
    return own === PLAIN_CLIENT || (own === DEFAULT_CLIENT && this.#byListener.size === 0);
  }

  #remember(ip: string): ClientPolicy {
    const address = parseIp(ip);
    const found = address === null ? null : this.#byPrefix.longestMatch(address);
    if (this.#remembered.size >= MAX_REMEMBERED_CLIENTS) this.#remembered = new Map();
    const policy = found?.value ?? DEFAULT_CLIENT;
    this.#remembered.set(ip, policy);
    return policy;
  }
}

/** What the tags that a rule and a client share make of the rule. */
interface TagOutcome<T> {
  readonly type: T;
  /** The tag that decided, or the last one in common; null: none. */
  readonly tag: number | null;
}

/** The first tag in common that has an action says the type; without one the rule's own type stays. */
export function applyTagActions<T>(
  own: T,
  ruleTags: TagSet | null,
  policy: ClientPolicy,
  convert: (type: ZoneType) => T,
): TagOutcome<T> {
  const common = ruleTags === null ? NO_TAGS : commonTags(policy.tags, ruleTags);
  for (const tag of common) {
    const type = policy.tagActions.get(tag);
    if (type !== undefined) return { type: convert(type), tag };
  }
  return { type: own, tag: common.at(-1) ?? null };
}
