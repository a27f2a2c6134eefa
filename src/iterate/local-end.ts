/** Where questions go out from. */

import type { ForeignBinding } from '../ports/network.ts';

/** Where a question goes out from, of `outgoing-interface`. */
export interface LocalEnd {
  readonly ip: string;
  /** The netblock that it was chosen of, which is routed to this host although the host does not have its addresses; else null. */
  readonly block: string | null;
}

/** How an address is bound: that of a netblock is none of the host's own. */
export function bindingOf(end: LocalEnd | null): ForeignBinding | undefined {
  return end !== null && end.block !== null ? 'freebind' : undefined;
}
