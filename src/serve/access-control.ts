/**
 * Access control: which client may ask what, by longest matching prefix (unbound.conf access-control).
 *
 * Duties: the rules by prefix; a bounded memory of the addresses seen, so that a busy client costs one look-up by text.
 * Leaves to others: what each action means for a query (admission.ts).
 */

import { ListenMap, type LocalAddress } from '../policy/listen-map.ts';
import { parseIp } from '../wire/ip.ts';
import { type IpPrefix, mustParsePrefix } from '../wire/ip-prefix.ts';
import { PrefixMap } from '../wire/prefix-map.ts';

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
export interface AccessRule extends IpPrefix {
  readonly action: AccessAction;
}

/**
 * Addresses remembered with their action. A mail host has a few clients; a forged flood fills the memory and it is
 * emptied, which costs one look-up by prefix for each address after that.
 */
export const MAX_REMEMBERED_CLIENTS = 4096;

/** Unbound's own rules: this host may ask, nobody else (RFC 5358 against open resolvers). */
export const DEFAULT_ACCESS: readonly AccessRule[] = [
  { ...mustParsePrefix('0.0.0.0/0'), action: 'refuse' },
  { ...mustParsePrefix('127.0.0.0/8'), action: 'allow' },
  { ...mustParsePrefix('::/0'), action: 'refuse' },
  { ...mustParsePrefix('::1/128'), action: 'allow' },
  { ...mustParsePrefix('::ffff:127.0.0.1/128'), action: 'allow' },
];

export class AccessControl {
  readonly #rules = new PrefixMap<AccessAction>();
  #remembered = new Map<string, AccessAction>();
  readonly #byListener: ListenMap<AccessAction>;
  /** Whether a rule that is not a default one is about the client; only where listening addresses have actions. */
  #hasRule = new Map<string, boolean>();
  /** The rules without the default ones: they come before what the listening address says. */
  readonly #configured = new PrefixMap<AccessAction>();

  /**
   * `rules` come after the default ones; for one prefix given twice the later rule holds. `byListener`: for clients that no rule
   * is about, by the address that they asked (interface-action).
   */
  constructor(rules: readonly AccessRule[], byListener: ReadonlyMap<string, AccessAction> = new Map()) {
    this.#byListener = new ListenMap(byListener);
    for (const { address, prefixLength, action } of rules) this.#configured.set(address, prefixLength, action);
    for (const { address, prefixLength, action } of [...DEFAULT_ACCESS, ...rules]) {
      this.#rules.set(address, prefixLength, action);
    }
  }

  /** What the client may do where it asked. @hot bench/serve-hot-query.ts */
  actionAt(ip: string, local: LocalAddress | null | undefined): AccessAction {
    const atListener = this.#byListener.find(local);
    if (atListener === null) return this.actionFor(ip);
    return (this.#hasRule.get(ip) ?? this.#rememberRule(ip)) ? this.actionFor(ip) : atListener;
  }

  #rememberRule(ip: string): boolean {
    const address = parseIp(ip);
    const hasRule = address !== null && this.#configured.longestMatch(address) !== null;
    if (this.#hasRule.size >= MAX_REMEMBERED_CLIENTS) this.#hasRule = new Map();
    this.#hasRule.set(ip, hasRule);
    return hasRule;
  }

  /** What the client with this address may do. @hot bench/serve-hot-query.ts */
  actionFor(ip: string): AccessAction {
    return this.#remembered.get(ip) ?? this.#remember(ip);
  }

  #remember(ip: string): AccessAction {
    const address = parseIp(ip);
    const action = (address === null ? null : this.#rules.longestMatch(address)?.value) ?? 'refuse';
    if (this.#remembered.size >= MAX_REMEMBERED_CLIENTS) this.#remembered = new Map();
    this.#remembered.set(ip, action);
    return action;
  }
}
