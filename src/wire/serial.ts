/** 32-bit serial numbers, which wrap around: of zones (RFC 1982), and the times of signatures (RFC 4034 §3.1.5) and cookies. */

/** a - b, from -2^31 to 2^31 - 1 (RFC 1982 §3.2). */
export function serialDifference(a: number, b: number): number {
  return (a - b) | 0;
}

/** True when `serial` is newer than `than`. False for two that are 2^31 apart, which RFC 1982 §3.2 leaves undefined. */
export function isSerialNewer(serial: number, than: number): boolean {
  return serialDifference(serial, than) > 0;
}
