/**
 * What to say when no server of a zone is left: none answered, none could be reached, or those that answered are of no use.
 */

import type { Failure } from '../terms/failure.ts';
import { ipOfAddressText } from '../wire/address-text.ts';
import { parseIp } from '../wire/ip.ts';
import { isInPrefixes, mustParsePrefix } from '../wire/ip-prefix.ts';
import { formatName } from '../wire/name-text.ts';
import type { DelegationPoint } from './delegation.ts';
import { isTimeout } from './server-failures.ts';

/** Servers named in a reason. */
const SERVERS_NAMED = 8;

/** Outcomes of an address that nothing can be sent to. */
const NO_WAY: ReadonlySet<string> = new Set(['unreachable', 'network-error']);

/**
 * Addresses that no public server has: IANA's special-purpose registries (RFC 6890), where they are not globally reachable,
 * and multicast.
 */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  // Unspecified, loopback, IPv4-mapped and IPv4-compatible.
  '::/8',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:2::/48',
  '2001:db8::/32',
  '3fff::/20',
  'fc00::/7',
  // Link-local, and site-local as it once was.
  'fe80::/9',
  'ff00::/8',
].map(mustParsePrefix);

/** True for an address (text) that no public server has. */
function isNotPublic(ip: string): boolean {
  const octets = parseIp(ip);
  return octets !== null && isInPrefixes(octets, NOT_PUBLIC);
}

/** Why no server of the zone gave an answer; `untriedCount` of them were not asked. */
export function whyNoServer(
  servers: Pick<DelegationPoint, 'zone' | 'candidates' | 'failures'>,
  untriedCount = 0,
): Failure {
  const zone = formatName(servers.zone);
  const failures = servers.failures.list;
  if (servers.candidates.length === 0) return { kind: 'no-server-addresses', zone };
  if (failures.some(({ outcome }) => outcome === 'no-sockets')) return { kind: 'no-sockets', zone };
  const named = failures.slice(0, SERVERS_NAMED).map(({ server, outcome }) => `${server} ${outcome}`);
  const tried = named.join(', ');
  const untried = untriedCount > 0 ? { untried: untriedCount } : {};
  if (failures.some(({ outcome }) => !isTimeout(outcome))) return { kind: 'all-servers-lame', zone, tried, ...untried };
  const networkError = failures.some(
    ({ server, outcome }) => outcome !== 'timeout' && (!NO_WAY.has(outcome) || !isNotPublic(ipOfAddressText(server))),
  );
  const hasPublic = servers.candidates.some(({ address }) => !isNotPublic(address.ip));
  const where = hasPublic ? {} : { isNotPublic: true as const };
  return { kind: 'no-reachable-server', zone, networkError, ...where, tried, ...untried };
}
