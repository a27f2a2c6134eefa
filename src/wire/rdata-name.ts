/** Rdata that is a name, or a preference and a name: NS, CNAME, DNAME, PTR, MX, SRV. */

import { readU16 } from './bytes.ts';
import { type Name, nameFromBytes } from './name.ts';

/** The name that fills NS, CNAME, DNAME or PTR rdata; null when malformed. */
export function readTargetName(rdata: Uint8Array): Name | null {
  return nameFromBytes(rdata);
}

/** Fields of an MX record (RFC 1035 §3.3.9). */
interface Mx {
  readonly preference: number;
  readonly exchange: Name;
}

/** Reads MX rdata (uncompressed); null when malformed. */
export function readMx(rdata: Uint8Array): Mx | null {
  const exchange = rdata.length < 3 ? null : nameFromBytes(rdata.subarray(2));
  return exchange === null ? null : { preference: readU16(rdata, 0), exchange };
}

/** Fields of an SRV record (RFC 2782). */
interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: Name;
}

/** Reads SRV rdata (uncompressed); null when malformed. */
export function readSrv(rdata: Uint8Array): Srv | null {
  const target = rdata.length < 7 ? null : nameFromBytes(rdata.subarray(6));
  if (target === null) return null;
  return { priority: readU16(rdata, 0), weight: readU16(rdata, 2), port: readU16(rdata, 4), target };
}
