/** One spelling for each address of a scenario, so that `2001:0db8::1@53` and `2001:db8:0::1` are the same server. */

import { ipText, parseIp } from '../../src/wire/ip.ts';

/** An address without its port, IPv6 in canonical text; `0.0.0.0` is the machine itself. */
export function canonicalIp(text: string): string {
  const [ip = ''] = text.split('@');
  if (ip === '0.0.0.0') return '127.0.0.1';
  const octets = parseIp(ip);
  return octets === null ? ip : ipText(octets);
}
