/** Local copies of zones, as iteration sees them. */

import type { ZoneCopy } from '../terms/upstream-zone.ts';
import type { Name } from '../wire/name.ts';

export interface ZoneCopies {
  /** The deepest copy at or above a name; `avoid` holds keys of copies whose data was bad. */
  closest(name: Name, avoid: ReadonlySet<string>): ZoneCopy | null;
}
