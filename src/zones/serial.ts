/** Serial numbers of zones (RFC 1982). */

/** True when `serial` is newer than `than`, in the arithmetic of 32-bit serial numbers. */
export function isSerialNewer(serial: number, than: number): boolean {
  return ((serial - than) | 0) > 0;
}
