/** Which TLSA records speak for a host: the choice of their base name (RFC 7671 §7, RFC 7672 §2.2.2), and what is there. */

import type { Name } from '../wire/name.ts';
import { namesEqual } from '../wire/name.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { readTlsa, type Tlsa } from '../wire/rdata-tlsa.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Looked, LookUp } from './look-up.ts';
import { MAX_TLSA_RECORDS } from './match-chain.ts';

export type FoundTlsa =
  | {
      readonly kind: 'records';
      /** The name that speaks: SNI, and the first name that a certificate may hold. */
      readonly base: Name;
      readonly tlsas: readonly Tlsa[];
      readonly looked: Looked;
    }
  /** Proven that there are none, or the records are not signed: as good as none. */
  | { readonly kind: 'absent'; readonly why: string; readonly base: Name; readonly looked: Looked }
  /** The host is not signed, so records would prove nothing and are not asked for (RFC 7672 §2.2.2). */
  | { readonly kind: 'not-asked'; readonly why: string }
  /** They cannot be had though they may be there: mail waits (RFC 7672 §2.1.2). */
  | { readonly kind: 'broken'; readonly why: string; readonly base: Name };

export interface ServiceName {
  readonly host: Name;
  readonly port: number;
  readonly protocol: string;
}

/** Finds them. `addresses`: what the look-up of the host's addresses said. */
export async function findTlsa(lookUp: LookUp, place: ServiceName, addresses: Looked): Promise<FoundTlsa> {
  const candidates = await baseNames(lookUp, place.host, addresses);
  let last: FoundTlsa = { kind: 'not-asked', why: `the addresses of ${formatName(place.host)} are not signed` };
  for (const base of candidates) {
    last = await tlsaAt(lookUp, base, place);
    if (last.kind !== 'absent') return last;
  }
  return last;
}

/** RFC 7672 §2.2.2: the expanded name first, then the one that was given; an unsigned target leaves the given one. */
async function baseNames(lookUp: LookUp, host: Name, addresses: Looked): Promise<readonly Name[]> {
  const { status, owner, aliases } = addresses;
  if (status === 'secure') return namesEqual(owner, host) ? [host] : [owner, host];
  if (aliases.length === 0) return [];
  const alias = await lookUp(host, TYPE.CNAME);
  return alias.status === 'secure' && alias.outcome === 'data' ? [host] : [];
}

async function tlsaAt(lookUp: LookUp, base: Name, { port, protocol }: ServiceName): Promise<FoundTlsa> {
  const name = parseName(`_${port}._${protocol}`, base);
  if (name === null) return { kind: 'not-asked', why: `${formatName(base)} is too long to have TLSA records` };
  const looked = await lookUp(name, TYPE.TLSA);
  const { status, outcome, why } = looked;
  if (status === 'bogus' || status === 'failed') return { kind: 'broken', base, why: why ?? status };
  const absent = (text: string): FoundTlsa => ({ kind: 'absent', base, looked, why: text });
  if (outcome !== 'data')
    return absent(`${formatName(name)} has none${status === 'secure' ? ', which is proven' : ''}`);
  if (status === 'insecure') return absent(`the records at ${formatName(name)} are not signed, so they do not count`);
  const tlsas = looked.rdatas.slice(0, MAX_TLSA_RECORDS).map(readTlsa);
  return { kind: 'records', base, looked, tlsas: tlsas.filter((tlsa) => tlsa !== null) };
}
