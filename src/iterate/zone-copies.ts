/** Copies of whole zones that are held here, as iteration sees them (`auth-zone` with `for-upstream`, RFC 8806). */

import type { Name } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';

/** A zone's copy, asked in place of its servers. */
export interface ZoneCopy {
  readonly zone: Name;
  /** Stands where a server's address does in what is remembered of data. */
  readonly key: string;
  /** The response to a question, octets of a message; null: the copy cannot be used and the servers may not be asked. */
  respond(question: Question): Uint8Array | null;
}

export interface ZoneCopies {
  /** The deepest copy at or above a name; `avoid` holds keys of copies whose data was bad. */
  closest(name: Name, avoid: ReadonlySet<string>): ZoneCopy | null;
}
