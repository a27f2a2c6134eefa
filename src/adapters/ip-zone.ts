/** The zone of an IPv6 address (RFC 4007 §11): the system tells and wants it, the resolver's addresses have none. */

/** The address alone: `fe80::1` of `fe80::1%eth0`. */
export function withoutZone(ip: string): string {
  const percent = ip.indexOf('%');
  return percent < 0 ? ip : ip.slice(0, percent);
}
