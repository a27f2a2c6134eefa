/**
 * FNV-1a, 32 bits (Fowler, Noll, Vo), for tables of our own whose hashes need be no secret. With each octet or unit of text:
 * `hash = Math.imul(hash ^ unit, FNV_PRIME)`.
 */

/** What a hash begins with: the offset basis, as a signed word. */
export const FNV_START = 0x811c9dc5 | 0;
/** What it is multiplied with, modulo 2^32. */
export const FNV_PRIME = 0x01000193;
