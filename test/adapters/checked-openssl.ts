/**
 * OpenSSL's functions under guard: every pointer must lie, with all that is read or written behind it, inside of memory whose address
 * was asked for, or be what OpenSSL made for that place; what fails must leave no error behind. Failures can be put in its mouth.
 */

import type { OpensslCalls, Pointer } from '../../src/adapters/system-calls.ts';

/** Octets of a SHA-256 digest, which EVP_Digest writes. */
const DIGEST_OCTETS = 32;

export class CheckedOpenssl implements OpensslCalls {
  readonly by: OpensslCalls['by'];
  /** What was wrong; empty in a sound program. */
  readonly faults: string[] = [];
  /** Things of OpenSSL that were made and, as nothing frees them, are still there. */
  readonly made: Pointer[] = [];
  /** What the next calls of such a function give, in place of what it gives. */
  readonly answers: { readonly call: keyof OpensslCalls; readonly result: number }[] = [];
  /** Something failed, and its errors have not been cleared. */
  hasErrors = false;
  readonly #calls: OpensslCalls;
  readonly #known: { readonly start: Pointer; readonly octets: bigint }[] = [];

  constructor(calls: OpensslCalls) {
    this.#calls = calls;
    this.by = calls.by;
  }

  addressOf(memory: ArrayBuffer): Pointer {
    const start = this.#calls.addressOf(memory);
    this.#known.push({ start, octets: BigInt(memory.byteLength) });
    return start;
  }

  EC_KEY_new_by_curve_name(curve: number): Pointer {
    return this.#makes('EC_KEY_new_by_curve_name', () => this.#calls.EC_KEY_new_by_curve_name(curve));
  }

  EVP_MD_fetch(library: Pointer, name: Pointer, properties: Pointer): Pointer {
    this.#inside('EVP_MD_fetch', name, 1n);
    if (library !== 0n || properties !== 0n) this.faults.push('EVP_MD_fetch with a library or properties');
    return this.#makes('EVP_MD_fetch', () => this.#calls.EVP_MD_fetch(library, name, properties));
  }

  EC_KEY_oct2key(key: Pointer, point: Pointer, octets: Pointer, work: Pointer): number {
    this.#isMade('EC_KEY_oct2key', key);
    this.#inside('EC_KEY_oct2key', point, octets);
    return this.#gives('EC_KEY_oct2key', () => this.#calls.EC_KEY_oct2key(key, point, octets, work));
  }

  ECDSA_verify(type: number, ...given: [Pointer, number, Pointer, number, Pointer]): number {
    const [digest, digestOctets, signature, signatureOctets, key] = given;
    this.#isMade('ECDSA_verify', key);
    this.#inside('ECDSA_verify', digest, BigInt(digestOctets));
    this.#inside('ECDSA_verify', signature, BigInt(signatureOctets));
    return this.#gives('ECDSA_verify', () => this.#calls.ECDSA_verify(type, ...given));
  }

  EVP_Digest(data: Pointer, octets: Pointer, into: Pointer, ...rest: [Pointer, Pointer, Pointer]): number {
    const [size, digest, engine] = rest;
    this.#isMade('EVP_Digest', digest);
    this.#inside('EVP_Digest', data, octets);
    this.#inside('EVP_Digest', into, BigInt(DIGEST_OCTETS));
    if (size !== 0n || engine !== 0n) this.faults.push('EVP_Digest with a size or an engine');
    return this.#gives('EVP_Digest', () => this.#calls.EVP_Digest(data, octets, into, ...rest));
  }

  ERR_clear_error(): void {
    this.hasErrors = false;
    this.#calls.ERR_clear_error();
  }

  #gives(call: keyof OpensslCalls, run: () => number): number {
    const at = this.answers.findIndex((answer) => answer.call === call);
    const [answer] = at < 0 ? [] : this.answers.splice(at, 1);
    const result = answer?.result ?? run();
    if (result !== 1) this.hasErrors = true;
    return result;
  }

  #makes(call: keyof OpensslCalls, run: () => Pointer): Pointer {
    const at = this.answers.findIndex((answer) => answer.call === call);
    const made = at < 0 ? run() : 0n;
    if (at >= 0) this.answers.splice(at, 1);
    if (made === 0n) this.hasErrors = true;
    else this.made.push(made);
    return made;
  }

  #isMade(call: string, pointer: Pointer): void {
    if (!this.made.includes(pointer)) this.faults.push(`${call} with a pointer that OpenSSL did not give`);
  }

  #inside(call: string, pointer: Pointer, octets: bigint): void {
    const isInside = this.#known.some(
      ({ start, octets: all }) => octets >= 0n && pointer >= start && pointer + octets <= start + all,
    );
    if (!isInside) this.faults.push(`${call} reaches ${octets} octets outside of known memory`);
  }
}
