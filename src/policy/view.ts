/** A view: local zones and response rules for the clients that are given it (unbound.conf view). */

import type { LocalZones } from './local-zones.ts';
import type { ResponseRules } from './response-rules.ts';

export interface View {
  readonly name: string;
  /** Null: the view has none, and the server's are used. The control channel may add some. */
  localZones: LocalZones | null;
  /** Rules for addresses in answers. Null: the view has none. */
  readonly responseRules: ResponseRules | null;
  /** view-first: the server's zones and rules are tried where the view has nothing. */
  readonly isFirst: boolean;
}
