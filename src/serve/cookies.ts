/**
 * DNS cookies towards clients (RFC 7873) in the form that all servers of one address share (RFC 9018): who brings back a
 * cookie that was given to its address has shown that the address is not forged.
 *
 * Duties: the secrets in force, checking the cookie of a query, making the one that goes back. No state for any client.
 * Leaves to others: where the option stands (client-query.ts), what that means for a query (admission.ts), where
 * secrets are kept (cli).
 */

import { readU8, readU32, writeU32 } from '../wire/bytes.ts';
import { parseIp } from '../wire/ip.ts';
import { serialDifference } from '../wire/serial.ts';
import { MAX_REMEMBERED_CLIENTS } from './access-control.ts';
import { SIPHASH_KEY_OCTETS, SipHash } from './siphash.ts';

/** Octets of a client cookie (RFC 7873 §4.1). */
export const CLIENT_COOKIE_OCTETS = 8;
/** Octets of what we send: the client's cookie, version, reserved, time, hash (RFC 9018 §4). */
export const COOKIE_OCTETS = CLIENT_COOKIE_OCTETS + 16;
/** Octets of a secret: a SipHash key (RFC 9018 §4.4). */
export const COOKIE_SECRET_OCTETS = SIPHASH_KEY_OCTETS;
/** Secrets in force at a time: the active one, and one that becomes or was active (RFC 9018 §5). */
export const MAX_COOKIE_SECRETS = 2;

/** Octets of server cookies that others may have made (RFC 7873 §4.2). */
const LEAST_SERVER_COOKIE_OCTETS = 8;
const MAX_SERVER_COOKIE_OCTETS = 32;
/** The only version that there is (RFC 9018 §4.1). */
const VERSION = 1;
/** Where the parts of a cookie stand. */
const TIME_AT = 12;
const HASH_AT = 16;
/** RFC 9018 §4.3: seconds that a cookie is good for, that it may be ahead, and after which it is made anew. */
const MAX_AGE_SECONDS = 3600;
const MAX_AHEAD_SECONDS = 300;
const RENEW_AGE_SECONDS = 1800;

/** What the cookie of a query says. */
export type CookieState =
  /** There is none, or cookies are not answered. */
  | 'none'
  /** The client has been at its address within the hour. */
  | 'valid'
  /** A client cookie alone: the client does not have one of ours yet. */
  | 'client'
  /** Not ours, too old, or made for another address. */
  | 'invalid'
  /** Of a length that cannot be. */
  | 'malformed';

/** Checks cookies. One for each resolver; its secrets change at run time. */
export class ServerCookies {
  /** The cookie that goes back to the client checked last; good until the next one is checked. */
  readonly reply = new Uint8Array(COOKIE_OCTETS);
  readonly #input = new Uint8Array(COOKIE_OCTETS + 8);
  readonly #hash = new Uint8Array(8);
  #addresses = new Map<string, Uint8Array>();
  #secrets: readonly SipHash[] = [];

  /** `secrets`: the active one first; at least one. */
  constructor(secrets: readonly Uint8Array[]) {
    this.use(secrets);
  }

  /** Takes other secrets; those beyond MAX_COOKIE_SECRETS are not used. */
  use(secrets: readonly Uint8Array[]): void {
    this.#secrets = secrets.slice(0, MAX_COOKIE_SECRETS).map((secret) => new SipHash(secret));
  }

  /** Checks the option's `length` octets at `at`; fills `reply` unless it is malformed. @hot bench/serve-hot-query.ts */
  check(
    bytes: Uint8Array,
    at: number,
    length: number,
    client: { readonly ip: string; readonly now: number },
  ): CookieState {
    const serverOctets = length - CLIENT_COOKIE_OCTETS;
    // RFC 7873 §5.2.2: any other length is a format error.
    if (serverOctets !== 0 && (serverOctets < LEAST_SERVER_COOKIE_OCTETS || serverOctets > MAX_SERVER_COOKIE_OCTETS)) {
      return 'malformed';
    }
    const { now } = client;
    const address = this.#addressOf(client.ip);
    if (length === COOKIE_OCTETS && readU8(bytes, at + CLIENT_COOKIE_OCTETS) === VERSION) {
      const secret = this.#secretOf(bytes, at, address);
      // Serial number arithmetic (RFC 1982): the time's 32 bits come round in 2106.
      const age = serialDifference(now, readU32(bytes, at + TIME_AT));
      if (secret >= 0 && age <= MAX_AGE_SECONDS && age >= -MAX_AHEAD_SECONDS) {
        const isFresh = secret === 0 && age <= RENEW_AGE_SECONDS;
        if (isFresh) copyOctets(bytes, at, this.reply, COOKIE_OCTETS);
        else this.#make(bytes, at, address, now);
        return 'valid';
      }
    }
    this.#make(bytes, at, address, now);
    return serverOctets === 0 ? 'client' : 'invalid';
  }

  /** The octets of a client's address. Remembered, so that a client that comes again costs no reading and no object. */
  #addressOf(ip: string): Uint8Array {
    const known = this.#addresses.get(ip);
    if (known !== undefined) return known;
    const address = parseIp(ip) ?? new Uint8Array(4);
    if (this.#addresses.size >= MAX_REMEMBERED_CLIENTS) this.#addresses = new Map();
    this.#addresses.set(ip, address);
    return address;
  }

  /** Which secret the cookie was made with; -1: none of ours, or for another address. */
  #secretOf(bytes: Uint8Array, at: number, address: Uint8Array): number {
    copyOctets(bytes, at, this.#input, HASH_AT);
    for (let i = 0; i < this.#secrets.length; i++) {
      this.#hashWith(i, address);
      // All octets are looked at, so that the time taken does not tell how many are right.
      let difference = 0;
      for (let k = 0; k < this.#hash.length; k++) {
        difference |= readU8(this.#hash, k) ^ readU8(bytes, at + HASH_AT + k);
      }
      if (difference === 0) return i;
    }
    return -1;
  }

  /** A new cookie by the active secret, into `reply`. */
  #make(bytes: Uint8Array, at: number, address: Uint8Array, now: number): void {
    const input = this.#input;
    copyOctets(bytes, at, input, CLIENT_COOKIE_OCTETS);
    input.fill(0, CLIENT_COOKIE_OCTETS, TIME_AT);
    input[CLIENT_COOKIE_OCTETS] = VERSION;
    writeU32(input, TIME_AT, now >>> 0);
    this.#hashWith(0, address);
    copyOctets(input, 0, this.reply, HASH_AT);
    this.reply.set(this.#hash, HASH_AT);
  }

  /** RFC 9018 §4.4: client cookie, version, reserved, time and the client's address under the secret. */
  #hashWith(secret: number, address: Uint8Array): void {
    this.#input.set(address, HASH_AT);
    this.#secrets[secret]?.hash(this.#input, HASH_AT + address.length, this.#hash, 0);
  }
}

/** Copies the first octets of a cookie: a loop, since a view on them is an object. */
function copyOctets(from: Uint8Array, at: number, to: Uint8Array, octets: number): void {
  for (let i = 0; i < octets; i++) to[i] = readU8(from, at + i);
}
