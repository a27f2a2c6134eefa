/** System error codes as the network port's errors. */

import { getSystemErrorName } from 'node:util';
import type { Address, NetworkError } from '../ports/network.ts';

const KINDS: ReadonlyMap<string, NetworkError['kind']> = new Map([
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EAFNOSUPPORT', 'unreachable'],
  ['EPROTONOSUPPORT', 'unreachable'],
  ['ECONNREFUSED', 'refused'],
  ['ENOENT', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ECONNABORTED', 'reset'],
  ['EADDRINUSE', 'in-use'],
  ['EACCES', 'not-permitted'],
  ['EPERM', 'not-permitted'],
  ['ETIMEDOUT', 'timeout'],
  ['EMFILE', 'exhausted'],
  ['ENFILE', 'exhausted'],
  ['ENOBUFS', 'exhausted'],
  ['ENOMEM', 'exhausted'],
]);

/** OpenSSL and X.509 failures carry codes such as ERR_TLS_CERT_ALTNAME_INVALID, CERT_HAS_EXPIRED, UNABLE_TO_VERIFY_... */
const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** What an Error object of Node's network modules means. */
export function networkErrorOf(error: Error): NetworkError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const kind = KINDS.get(code) ?? (TLS_CODE.test(code) ? 'tls' : 'other');
  return { kind, text: message };
}

/** What a call of the system that failed with this errno means, in Node's words. */
export function networkErrorOfCall(call: string, errno: number, address?: Address): NetworkError {
  const code = errno > 0 ? getSystemErrorName(-errno) : 'EUNKNOWN';
  const where = address === undefined ? '' : ` ${address.ip}:${address.port}`;
  return { kind: KINDS.get(code) ?? 'other', text: `${call} ${code}${where}` };
}
