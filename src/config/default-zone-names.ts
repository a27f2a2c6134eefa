/**
 * Names of the zones that every resolver answers by itself unless told otherwise.
 *
 * RFC 6303 (locally served zones), RFC 6761 (localhost, test, invalid), RFC 7686 (onion), RFC 8375 (home.arpa), RFC 9462
 * (resolver.arpa), RFC 9665 (service.arpa), RFC 7793 (100.64.0.0/10). Their records are in policy/default-zones.ts.
 */

/** The name of this host, which has records. */
export const LOCALHOST = 'localhost.';
const SIX_ZERO = `${'0.'.repeat(32)}ip6.arpa.`;
/** The reverse name of ::1. */
export const SIX_ONE = `1.${'0.'.repeat(31)}ip6.arpa.`;

/** Names that are special by RFC. */
export const SPECIAL_ZONES: readonly string[] = [
  'home.arpa.',
  'resolver.arpa.',
  'service.arpa.',
  'onion.',
  'test.',
  'invalid.',
];

/** Reverse zones of private and unassigned address space: unblock-lan-zones lets them through. */
export const LAN_ZONES: readonly string[] = [
  '10.in-addr.arpa.',
  ...countFrom(16, 31).map((n) => `${n}.172.in-addr.arpa.`),
  '168.192.in-addr.arpa.',
  '0.in-addr.arpa.',
  ...countFrom(64, 127).map((n) => `${n}.100.in-addr.arpa.`),
  '254.169.in-addr.arpa.',
  '2.0.192.in-addr.arpa.',
  '100.51.198.in-addr.arpa.',
  '113.0.203.in-addr.arpa.',
  '255.255.255.255.in-addr.arpa.',
  SIX_ZERO,
  'd.f.ip6.arpa.',
  '8.e.f.ip6.arpa.',
  '9.e.f.ip6.arpa.',
  'a.e.f.ip6.arpa.',
  'b.e.f.ip6.arpa.',
  '8.b.d.0.1.0.0.2.ip6.arpa.',
];

function countFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** The reverse zone of 127.0.0.0/8. */
export const LOOPBACK_ZONE = '127.in-addr.arpa.';

/** All of them; without those of private address space when they are let through (unblock-lan-zones). */
export function defaultZoneNames(unblockLanZones: boolean): readonly string[] {
  return [LOCALHOST, LOOPBACK_ZONE, SIX_ONE, ...SPECIAL_ZONES, ...(unblockLanZones ? [] : LAN_ZONES)];
}
