/**
 * What a server does with EDNS and with the options that we add to a question, so that neither costs an answer: cookies
 * (RFC 7873), a client string, padding.
 *
 * Duties: when EDNS, options and a cookie go along; what a reply, a refusal or a timeout proves.
 * Leaves to others: asking again without (exchange.ts), what a cookie of a reply says (query-options.ts).
 *
 * A cookie first goes to a server that has answered well with EDNS, so that what then goes wrong is known to be the cookie's
 * doing. It goes on to those that give one back; who lets it pass unnoticed is left alone. Neither one lost packet nor one
 * forged reply ends cookies with a server that has given one: that takes a proof over TCP.
 */

import { readU8 } from '../wire/bytes.ts';

/** Answers without EDNS, after EDNS had been refused, until a server counts as one that cannot do it. */
const EDNS_REFUSALS_TO_BELIEVE = 3;
/** Questions that only went through without our options until a server is sent none. */
const OPTION_REFUSALS_TO_BELIEVE = 3;
/** Answers that took no notice of our cookie until a server is sent none. */
const COOKIES_UNNOTICED = 3;
/** Timeouts in a row until a question goes without what the silent ones had. */
const TIMEOUTS_TO_LEAVE_OUT = 2;

/** RFC 7873 §4: octets of a client cookie. */
export const CLIENT_COOKIE_OCTETS = 8;

/** A cookie as it goes to a server: our client cookie, and behind it the server's own once it has given one. Never changed. */
export type ServerCookie = Uint8Array;

/** True when the server has given its part. */
export function hasServerPart(cookie: ServerCookie): boolean {
  return cookie.length > CLIENT_COOKIE_OCTETS;
}

/** True when both have the same client cookie, of which each is made by chance. */
export function isSameClient(a: ServerCookie, b: ServerCookie): boolean {
  for (let i = 0; i < CLIENT_COOKIE_OCTETS; i++) if (readU8(a, i) !== readU8(b, i)) return false;
  return true;
}

/** What is learned of how a server takes EDNS and options. */
export type MannersOutcome =
  /** An answer with OPT came; `isGood`: one that answers the question, not an error. */
  | { readonly kind: 'edns-seen'; readonly isGood: boolean }
  /** EDNS was refused or met silence, and the same question without it was answered. */
  | { readonly kind: 'edns-refused' }
  /** With our options the question met an error or silence, without them it was answered. */
  | { readonly kind: 'options-refused' }
  /** The question was answered with our client string or padding. */
  | { readonly kind: 'options-taken' }
  /** A reply that held our client cookie brought one of the server's own; `isGood`: it answers the question. */
  | { readonly kind: 'cookie-given'; readonly cookie: ServerCookie; readonly isGood: boolean }
  /** A good answer to a question with a cookie had none. */
  | { readonly kind: 'cookie-unnoticed' }
  /** Over TCP, where nobody forges, our cookie came back wrong, or none from a server that used to give one. */
  | { readonly kind: 'cookie-broken' };

export class ServerManners {
  #ednsSeen = false;
  #ednsRefusals = 0;
  /** A good answer with EDNS and without our cookie came: what fails with the cookie may be the cookie's fault. */
  #answersWell = false;
  #optionRefusals = 0;
  #cookiesUnnoticed = 0;
  #cookieBroken = false;
  /** The server's own cookie was sent to it, and taken. */
  #cookieTaken = false;
  #cookie: ServerCookie | null = null;
  /** The local address that it is used from: another must not show the same one (RFC 7873 §8). */
  #cookieIp = '';

  get ednsSeen(): boolean {
    return this.#ednsSeen;
  }

  /** False when the server has shown several times that it cannot do EDNS. */
  get takesEdns(): boolean {
    return this.#ednsRefusals < EDNS_REFUSALS_TO_BELIEVE;
  }

  /** False when our options have kept answers away several times. */
  get takesOptions(): boolean {
    return this.#optionRefusals < OPTION_REFUSALS_TO_BELIEVE;
  }

  /** The server has given a cookie of its own. */
  get hasCookie(): boolean {
    return this.#cookie !== null && hasServerPart(this.#cookie);
  }

  /** The server's own cookie has come back to it and was taken: what it refuses, it refuses for other reasons. */
  get hasTakenCookie(): boolean {
    return this.#cookieTaken;
  }

  /**
   * True when the next question should go without what the last ones had and met silence with. Every second one: the server
   * may as well have been away.
   */
  shouldLeaveOut(timeoutsInRow: number): boolean {
    if (this.#ednsRefusals + this.#optionRefusals > 0 && timeoutsInRow % 2 === 1) return true;
    return timeoutsInRow >= TIMEOUTS_TO_LEAVE_OUT && timeoutsInRow % 2 === 0;
  }

  /** A cookie may go along. */
  get takesCookies(): boolean {
    if (!this.#answersWell || this.#cookieBroken || !this.takesOptions) return false;
    return this.hasCookie || this.#cookiesUnnoticed < COOKIES_UNNOTICED;
  }

  /** The cookie to send from a local address (empty: the system's choice). */
  cookieFor(localIp: string, fresh: () => Uint8Array): ServerCookie {
    if (this.#cookie === null || this.#cookieIp !== localIp) this.#cookie = fresh();
    this.#cookieIp = localIp;
    return this.#cookie;
  }

  /** Takes in what was learned. */
  learn(outcome: MannersOutcome): void {
    switch (outcome.kind) {
      case 'edns-seen':
        this.#ednsSeen = true;
        this.#ednsRefusals = 0;
        this.#answersWell ||= outcome.isGood;
        return;
      case 'edns-refused':
        // No single reply makes us think otherwise of who has shown EDNS.
        if (!this.#ednsSeen) this.#ednsRefusals++;
        return;
      case 'options-refused':
        this.#optionRefusals++;
        return;
      case 'options-taken':
        this.#optionRefusals = 0;
        return;
      case 'cookie-given':
        this.#takeCookie(outcome);
        return;
      case 'cookie-unnoticed':
        this.#cookiesUnnoticed++;
        return;
      case 'cookie-broken':
        this.#cookieBroken = true;
        this.#cookie = null;
    }
  }

  #takeCookie({ cookie, isGood }: Extract<MannersOutcome, { kind: 'cookie-given' }>): void {
    if (this.#cookie === null || !isSameClient(this.#cookie, cookie)) return;
    const tookIts = this.hasCookie && isGood;
    this.#cookie = cookie;
    this.#cookiesUnnoticed = 0;
    if (!tookIts) return;
    this.#cookieTaken = true;
    this.#optionRefusals = 0;
  }
}
