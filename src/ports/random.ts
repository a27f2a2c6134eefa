/** Chance. The real one is cryptographically secure (RFC 5452 §9.2); a fake one is seeded. */

export interface Random {
  /** A whole number from 0 to 65535. */
  u16(): number;
  /** A whole number from 0 to `n` - 1; `n` from 1 to 2^31. */
  below(n: number): number;
  /** `n` random octets, a new array. */
  bytes(n: number): Uint8Array;
}
