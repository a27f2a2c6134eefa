/** Forgetting what DNSSEC said: when trust in a zone was changed by hand, old verdicts must not go on. */

import { isAtOrBelow, type Name } from '../wire/name.ts';
import { rrsetOwner } from '../wire/rrset.ts';
import { heldOf } from './dump-cache.ts';
import type { ControlHouse } from './parts.ts';

/** Forgets what DNSSEC said at and below a zone. */
export function forgetTrust(zone: Name, caches: ControlHouse['caches']): void {
  caches.keys.removeBelow(zone);
  const isInZone = (name: Name): boolean => isAtOrBelow(name, zone);
  caches.rrsets.removeWhere(({ rrset, verdict }) => verdict !== null && isInZone(rrsetOwner(rrset)));
  caches.answers.removeWhere(
    (question, { found }) => isInZone(question.name) || heldOf(found).some(({ rrset }) => isInZone(rrsetOwner(rrset))),
  );
  caches.failures.clear();
  caches.replies.clear();
  caches.denials?.clear();
}
