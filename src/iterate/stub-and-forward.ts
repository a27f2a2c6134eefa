/** Zones whose servers configuration or the control channel names: which of them speaks for a name. */

import type { UpstreamZone, ZoneCopies } from '../terms/upstream-zone.ts';
import { isAtOrBelow, isBelow, type Name, namesEqual } from '../wire/name.ts';
import type { IterateOptions, UpstreamTransport } from './options.ts';

const NO_KEYS: ReadonlySet<string> = new Set();

/** Zones that are ours to speak for: stub and forward zones, local copies. */
interface OwnZones {
  readonly options: { readonly configuredZones: readonly UpstreamZone[] };
  readonly copies?: ZoneCopies | undefined;
}

/** True when a stub, forward or local zone copy below `above` speaks for `name`: the world above it has no say in it. */
export function isOwnBelow({ options, copies }: OwnZones, name: Name, above: Name): boolean {
  if (options.configuredZones.some(({ zone }) => isBelow(zone, above) && isAtOrBelow(name, zone))) return true;
  const copy = copies?.closest(name, NO_KEYS) ?? null;
  return copy !== null && isBelow(copy.zone, above);
}

/** The stub and forward zones in force, which the control channel may change while questions are resolved. */
export class ConfiguredZones {
  readonly #zones: UpstreamZone[];
  #version = 0;

  constructor(zones: readonly UpstreamZone[]) {
    this.#zones = [...zones];
  }

  /** The zones; the list itself changes when they do. */
  get all(): readonly UpstreamZone[] {
    return this.#zones;
  }

  /** How often they have changed. */
  get version(): number {
    return this.#version;
  }

  /** Adds a zone, in place of one of the same kind and name. */
  put(zone: UpstreamZone): void {
    this.remove(zone.kind, zone.zone);
    this.#zones.push(zone);
    this.#version++;
  }

  /** False when there is none. */
  remove(kind: UpstreamZone['kind'], name: Name): boolean {
    const at = this.#zones.findIndex(({ kind: other, zone }) => other === kind && namesEqual(zone, name));
    if (at < 0) return false;
    this.#zones.splice(at, 1);
    this.#version++;
    return true;
  }
}

/** How servers are asked: as their zone says, else as for all. */
export function transportOf(configured: UpstreamZone | null, { transport }: IterateOptions): UpstreamTransport {
  if (configured?.tls === true || transport === 'tls') return 'tls';
  return configured?.tcp === true ? 'tcp' : transport;
}
