/** Which zones may speak for a name without its own servers being asked. */

import type { Name } from '../wire/name.ts';

/** What is configured about names. */
export interface SpeakersParts {
  /** The deepest configured zone at or above a name (stub, forward, kept as a local copy); null when there is none. */
  readonly configuredZone: (name: Name) => Name | null;
  /** The zone of the closest trust anchor; null at and below a negative one, and where there is none. */
  readonly anchorZone: (name: Name) => Name | null;
}

/** The highest zone that may; those above the name and at or below it may too. Null: none may, since none would be validated. */
export function highestSpeaker({ anchorZone, configuredZone }: SpeakersParts, name: Name): Name | null {
  const anchor = anchorZone(name);
  if (anchor === null) return null;
  // CVE-2026-44687: a zone above a configured one must not deny names in it, not even by one label. The same holds for
  // an anchor of its own: such a zone may be private to us.
  const configured = configuredZone(name) ?? anchor;
  return configured.length > anchor.length ? configured : anchor;
}
