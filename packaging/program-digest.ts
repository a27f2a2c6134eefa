/** What names a build of a program: compiled code belongs to one (load-program.ts). */

import { createHash } from 'node:crypto';

/** Digits that two builds on one host do not share by chance. */
const DIGITS = 16;

export function programDigest(code: string | Uint8Array): string {
  return createHash('sha256').update(code).digest('hex').slice(0, DIGITS);
}
