/**
 * Writes the body of a denial that known records prove, straight from the octets in which these are kept: what build-reply.ts would
 * write, record for record, but names are compressed only by the question's, by the zone's, which is its end, and by a set's own owner.
 *
 * Duties: header, question, records with their TTL. Leaves to others: what is longer than the client takes, OPT, the reply cache.
 */

import type { Proven } from '../resolve/synthesised-denials.ts';
import { readU16, writeU16, writeU32 } from '../wire/bytes.ts';
import { HEADER_OCTETS, RECORD_FIXED_OCTETS } from '../wire/message-view.ts';
import { lowerOctet, MAX_NAME_OCTETS, nameEnd } from '../wire/name.ts';
import { MAX_POINTER_OFFSET, POINTER } from '../wire/name-compressor.ts';
import { RCODE } from '../wire/rcode.ts';
import { SOA_NUMBERS_OCTETS } from '../wire/rdata-soa.ts';
import { TYPE } from '../wire/rr-type.ts';
import {
  OWNER_AT,
  type PlacedRRset,
  placedRdataAt,
  placedRdataCount,
  placedSignatureCount,
  placedType,
} from '../wire/rrset.ts';
import { shorten } from '../wire/shorten.ts';
import { flagsOf } from './build-reply.ts';
import type { PendingClient } from './client-query.ts';
import { isSentinelQuestion } from './key-sentinel.ts';

/** So many are copied here: a call of Buffer.copy takes 50 ns, whatever it copies, and this 27 for 20 octets. */
const FEW_OCTETS = 24;

export class DenialWriter {
  /** Offsets of the TTL fields of what was written last. */
  readonly ttlOffsets: number[] = [];
  #out: Uint8Array = new Uint8Array();
  #at = 0;
  /** Where the question's name and the zone's as its end stand, and where they end. */
  #zoneAt = 0;
  #nameEnd = 0;
  #records = 0;

  /** Writes into `out`; returns the length. 0: that is left to build-reply.ts. `now`: unix seconds. */
  write(out: Uint8Array, { question, denial }: Proven, client: PendingClient, now: number): number {
    if (isSentinelQuestion(question)) return 0;
    const { kind, sets, zoneAt, expiresAt } = denial;
    this.#begin(out, client, zoneAt);
    writeU16(out, 2, flagsOf(client, true) | (kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR));
    // RFC 4035 §3.2.1: who does not set DO gets no records of DNSSEC.
    const count = client.doBit ? sets.length : 1;
    for (let i = 0; i < count; i++) if (!this.#set(sets[i] as PlacedRRset, expiresAt - now, client.doBit)) return 0;
    writeU16(out, 8, this.#records);
    return this.#at;
  }

  #begin(out: Uint8Array, { id, question }: PendingClient, zoneAt: number): void {
    const { name, type, class: rrClass } = question;
    writeU16(out, 0, id);
    writeU16(out, 4, 1);
    for (let at = 6; at < HEADER_OCTETS; at++) out[at] = 0;
    out.set(name, HEADER_OCTETS);
    const end = HEADER_OCTETS + name.length;
    writeU16(out, end, type);
    writeU16(out, end + 2, rrClass);
    this.#out = out;
    this.#at = end + 4;
    this.#nameEnd = end;
    this.#zoneAt = HEADER_OCTETS + zoneAt;
    this.#records = 0;
    shorten(this.ttlOffsets, 0);
  }

  /** Writes a set; false when it might not fit. */
  #set(set: PlacedRRset, ttl: number, withSignatures: boolean): boolean {
    const { octets } = set;
    const out = this.#out;
    const type = placedType(set);
    const rdatas = placedRdataCount(set);
    const records = rdatas + (withSignatures ? placedSignatureCount(set) : 0);
    const ownerAt = this.#at;
    if (ownerAt > MAX_POINTER_OFFSET) return false;
    let from = placedRdataAt(set);
    for (let i = 0; i < records; i++) {
      const length = readU16(octets, from - 2);
      if (this.#at + MAX_NAME_OCTETS + RECORD_FIXED_OCTETS + length > out.length) return false;
      // What denies a name of the zone stands at the zone itself or below.
      if (i === 0) this.#name(set, set.at + OWNER_AT, true);
      else this.#pointAt(ownerAt);
      const fixedAt = this.#at;
      writeU16(out, fixedAt, i < rdatas ? type : TYPE.RRSIG);
      writeU16(out, fixedAt + 2, readU16(octets, set.at + 2));
      writeU32(out, fixedAt + 4, ttl);
      this.ttlOffsets.push(fixedAt + 4);
      this.#at += RECORD_FIXED_OCTETS;
      if (type === TYPE.SOA && i < rdatas) this.#soa(set, from);
      else this.#copy(set, from, length);
      writeU16(out, fixedAt + 8, this.#at - fixedAt - RECORD_FIXED_OCTETS);
      from += length + 2;
    }
    this.#records += records;
    return true;
  }

  /** Both names are of a type of RFC 1035, and so may be compressed (RFC 3597 §4). */
  #soa(set: PlacedRRset, at: number): void {
    const rnameAt = this.#name(set, at, false);
    const numbersAt = this.#name(set, rnameAt, false);
    this.#copy(set, numbersAt, SOA_NUMBERS_OCTETS);
  }

  /** Writes the name that stands there; where it ends there. `isOfZone`: it is known to be in the zone. */
  #name(set: PlacedRRset, at: number, isOfZone: boolean): number {
    const { octets } = set;
    const end = nameEnd(octets, at);
    const whole = this.#nameEnd - HEADER_OCTETS;
    if (end - at === whole && whole > 1 && this.#endsAs(octets, at, end)) {
      this.#pointAt(HEADER_OCTETS);
      return end;
    }
    const zoneOctets = this.#nameEnd - this.#zoneAt;
    let label = at;
    while (end - label > zoneOctets) label += (octets[label] as number) + 1;
    const isBelow = zoneOctets > 1 && end - label === zoneOctets && (isOfZone || this.#endsAs(octets, label, end));
    this.#copy(set, at, (isBelow ? label : end) - at);
    if (isBelow) this.#pointAt(this.#zoneAt);
    return end;
  }

  /** True when what stands there is the end of the question's name, in any case. */
  #endsAs(octets: Uint8Array, at: number, end: number): boolean {
    const out = this.#out;
    const away = this.#nameEnd - end;
    for (let i = at; i < end; i++) {
      const octet = octets[i] as number;
      const other = out[i + away] as number;
      if (octet !== other && lowerOctet(octet) !== lowerOctet(other)) return false;
    }
    return true;
  }

  #pointAt(at: number): void {
    writeU16(this.#out, this.#at, POINTER | at);
    this.#at += 2;
  }

  #copy({ octets, characters }: PlacedRRset, from: number, count: number): void {
    const out = this.#out;
    const at = this.#at;
    if (count > FEW_OCTETS) characters.copy(out, at, from, from + count);
    else for (let i = 0; i < count; i++) out[at + i] = octets[from + i] as number;
    this.#at += count;
  }
}
