/**
 * Access control: which client may ask what, by longest matching prefix (unbound.conf access-control).
 *
 * Duties: a prefix trie over address octets, one for each family; a bounded memory of the addresses seen, so that a busy
 * client costs one look-up by text. Leaves to others: what each action means for a query (serve-query.ts).
 */

import { findPlace, type ListeningPlace } from '../policy/place-map.ts';
import { PrefixMap } from '../policy/prefix-map.ts';
import { readU8 } from '../wire/bytes.ts';
import { parseIp } from '../wire/ip.ts';

/** What a client may do. */
export type AccessAction =
  /** No reply at all. */
  | 'deny'
  /** REFUSED, whatever is asked. */
  | 'refuse'
  /** Local data only; all else is dropped. */
  | 'deny_non_local'
  /** Local data only; all else is REFUSED. */
  | 'refuse_non_local'
  /** Recursion; RD=0 (a look into the cache) is REFUSED. */
  | 'allow'
  /** Recursion; RD=0 is taken as RD=1. */
  | 'allow_setrd'
  /** Recursion, and RD=0 shows what the cache holds. */
  | 'allow_snoop'
  /** As `allow` over TCP and with a valid cookie (RFC 7873); BADCOOKIE for another cookie, else REFUSED with TC. */
  | 'allow_cookie';

/** One line of access control. */
export interface AccessRule {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly prefixLength: number;
  readonly action: AccessAction;
}

/**
 * Addresses remembered with their action. A mail host has a few clients; a forged flood fills the memory and it is
 * emptied, which costs one trie walk for each address after that.
 */
export const MAX_REMEMBERED_CLIENTS = 4096;

/** Unbound's own rules: this host may ask, nobody else (RFC 5358 against open resolvers). */
export const DEFAULT_ACCESS: readonly AccessRule[] = [
  rule('0.0.0.0', 0, 'refuse'),
  rule('127.0.0.0', 8, 'allow'),
  rule('::', 0, 'refuse'),
  rule('::1', 128, 'allow'),
  rule('::ffff:127.0.0.1', 128, 'allow'),
];

function rule(text: string, prefixLength: number, action: AccessAction): AccessRule {
  return { address: parseIp(text) ?? new Uint8Array(4), prefixLength, action };
}

/** A node of the trie: the action of the prefix that ends here, and the two longer prefixes. */
interface TrieNode {
  action: AccessAction | null;
  zero: TrieNode | null;
  one: TrieNode | null;
}

export class AccessControl {
  readonly #four = newNode();
  readonly #six = newNode();
  readonly #remembered = new Map<string, AccessAction>();
  readonly #byPlace: ReadonlyMap<string, AccessAction>;
  /** The rules without the default ones: they come before what a place says. */
  readonly #configured = new PrefixMap<AccessAction>();

  /**
   * `rules` come after the default ones; for one prefix given twice the later rule holds. `byPlace`: for clients that no rule
   * is about, by the address that they asked (interface-action).
   */
  constructor(rules: readonly AccessRule[], byPlace: ReadonlyMap<string, AccessAction> = new Map()) {
    this.#byPlace = byPlace;
    for (const { address, prefixLength, action } of rules) this.#configured.set(address, prefixLength, action);
    for (const each of [...DEFAULT_ACCESS, ...rules]) {
      insert(each.address.length === 4 ? this.#four : this.#six, each);
    }
  }

  /** What the client may do where it asked. @hot bench/serve-cached.ts */
  actionAt(ip: string, place: ListeningPlace | null | undefined): AccessAction {
    const atPlace = this.#byPlace.size === 0 ? null : findPlace(this.#byPlace, place);
    if (atPlace === null) return this.actionFor(ip);
    const address = parseIp(ip);
    const isConfigured = address !== null && this.#configured.longestMatch(address) !== null;
    return isConfigured ? this.actionFor(ip) : atPlace;
  }

  /** What the client with this address may do. @hot bench/serve-cached.ts */
  actionFor(ip: string): AccessAction {
    return this.#remembered.get(ip) ?? this.#remember(ip);
  }

  #remember(ip: string): AccessAction {
    const address = parseIp(ip);
    const action = address === null ? 'refuse' : longestMatch(address.length === 4 ? this.#four : this.#six, address);
    if (this.#remembered.size >= MAX_REMEMBERED_CLIENTS) this.#remembered.clear();
    this.#remembered.set(ip, action);
    return action;
  }
}

function newNode(): TrieNode {
  return { action: null, zero: null, one: null };
}

function insert(root: TrieNode, { address, prefixLength, action }: AccessRule): void {
  let node = root;
  for (let bit = 0; bit < prefixLength; bit++) {
    if (bitOf(address, bit)) {
      node.one ??= newNode();
      node = node.one;
    } else {
      node.zero ??= newNode();
      node = node.zero;
    }
  }
  node.action = action;
}

function longestMatch(root: TrieNode, address: Uint8Array): AccessAction {
  let action: AccessAction = 'refuse';
  let node: TrieNode | null = root;
  for (let bit = 0; node !== null; bit++) {
    action = node.action ?? action;
    node = bit >= 8 * address.length ? null : bitOf(address, bit) ? node.one : node.zero;
  }
  return action;
}

function bitOf(address: Uint8Array, bit: number): boolean {
  return ((readU8(address, bit >>> 3) >>> (7 - (bit & 7))) & 1) === 1;
}
