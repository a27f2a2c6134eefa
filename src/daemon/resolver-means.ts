/** What the resolver gets besides its caches: denials that need no question, limits by zone and client, early keys, an alarm. */

import type { Config } from '../config/config.ts';
import type { ConfiguredZone } from '../iterate/options.ts';
import type { IterateParts } from '../iterate/parts.ts';
import { closestConfigured } from '../iterate/stub-and-forward.ts';
import type { Clock } from '../ports/clock.ts';
import type { Random } from '../ports/random.ts';
import { KnownDenials, type KnownDenialsParts } from '../resolve/known-denials.ts';
import { type ZoneRateOptions, ZoneRates } from '../resolve/zone-rates.ts';
import { ClientRates } from '../serve/rate-limit.ts';
import type { Counters } from '../trace/counters.ts';
import type { TrustAnchor, TrustAnchors } from '../validate/trust-anchors.ts';
import { readU16 } from '../wire/bytes.ts';
import { type Name, ROOT } from '../wire/name.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { keyTag } from '../wire/rdata-dnskey.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Background } from '../work/background.ts';
import type { Fetch } from '../work/fetch.ts';

/** What denials depend on. */
export interface DenialMeans {
  readonly clock: Clock;
  readonly caches: Pick<KnownDenialsParts, 'answers' | 'rrsets' | 'denials'>;
  readonly anchors: TrustAnchors;
  readonly configuredZones: readonly ConfiguredZone[];
  /** The deepest zone held as a whole that answers for a name (auth-zone); null when there is none. */
  readonly heldZone: (name: Name) => Name | null;
}

/** Denials that follow from proven ones (harden-below-nxdomain, aggressive-nsec). */
export function knownDenials(config: Config, means: DenialMeans): KnownDenials {
  const { clock, caches, anchors, configuredZones, heldZone } = means;
  const { answers, rrsets, denials } = caches;
  return new KnownDenials({
    clock,
    answers,
    rrsets,
    denials,
    configuredZone: (name) => {
      const configured = closestConfigured(configuredZones, name, new Set())?.zone ?? null;
      const held = heldZone(name);
      return held !== null && held.length > (configured?.length ?? 0) ? held : configured;
    },
    anchorZone: (name) => {
      const anchor = anchors.closest(name);
      return anchor?.kind === 'positive' ? anchor.zone : null;
    },
    options: denialOptions(config),
  });
}

/** Which denials answer for other questions. */
export function denialOptions({ server }: Config): KnownDenialsParts['options'] {
  return { belowNxdomain: server.hardenBelowNxdomain, aggressiveNsec: server.aggressiveNsec };
}

/** Limits on questions to zones; null when none is set. */
export function zoneRates(config: Config, ports: { readonly clock: Clock; readonly random: Random }): ZoneRates | null {
  const options = zoneRateOptions(config);
  return ZoneRates.isNeeded(options) ? new ZoneRates({ ...ports, options }) : null;
}

/** The limits by zone. */
export function zoneRateOptions({ server }: Config): ZoneRateOptions {
  const named = ({
    name,
    value,
  }: {
    readonly name: ZoneRateOptions['forZones'][0]['name'];
    readonly value: number;
  }) => ({
    name,
    perSecond: value,
  });
  return {
    perSecond: server.ratelimit,
    factor: server.ratelimitFactor,
    backoff: server.ratelimitBackoff,
    maxBytes: server.ratelimitSize,
    forZones: server.ratelimitForDomain.map(named),
    belowNames: server.ratelimitBelowDomain.map(named),
  };
}

/** Limits on queries of clients. */
export function clientRates(config: Config, ports: { readonly clock: Clock; readonly random: Random }): ClientRates {
  return new ClientRates({ ...ports, options: clientRateOptions(config) });
}

/** The limits by client. */
export function clientRateOptions({ server }: Config) {
  return {
    perSecond: server.ipRatelimit,
    perSecondWithCookie: server.ipRatelimitCookie,
    factor: server.ipRatelimitFactor,
    backoff: server.ipRatelimitBackoff,
    maxBytes: server.ipRatelimitSize,
  };
}

/** Fetches a zone's keys as soon as a referral says that it is signed (prefetch-key). */
export function keyPrefetch(fetch: Fetch, background: Background): NonNullable<IterateParts['prefetchKey']> {
  return (work, zone) => {
    background.start(() => fetch(work, questionOf(zone, TYPE.DNSKEY), { mode: 'for-validation' }));
  };
}

/** Key tags of a zone's trust anchor. */
function anchorTags({ ds, dnskeys }: Pick<TrustAnchor, 'ds' | 'dnskeys'>): ReadonlySet<number> {
  return new Set([...ds.map((rdata) => readU16(rdata, 0)), ...dnskeys.map(keyTag)]);
}

/** The key tags that root key sentinels are about (root-key-sentinel); null: they are names like others. */
export function rootKeyTags({ server }: Config, anchors: TrustAnchors): (() => ReadonlySet<number>) | null {
  if (!server.rootKeySentinel) return null;
  return () => {
    const anchor = anchors.closest(ROOT);
    return anchor?.kind === 'positive' ? anchorTags(anchor) : new Set();
  };
}

/** Most key tags in one label of 63 octets: `_ta` and five octets each. */
const MAX_SIGNALLED_TAGS = 12;

/**
 * The question that tells a zone which of its keys are trusted here (trust-anchor-signaling, RFC 8145 §5.1): `_ta-` and the
 * key tags in hexadecimal, ascending, of type NULL. Null when the name would be too long.
 */
export function anchorSignal(anchor: TrustAnchor): Question | null {
  const tags = [...anchorTags(anchor)].sort((a, b) => a - b).slice(0, MAX_SIGNALLED_TAGS);
  const label = `_ta${tags.map((tag) => `-${tag.toString(16).padStart(4, '0')}`).join('')}`;
  const name = parseName(`${label}.${formatName(anchor.zone)}`.replace(/\.\.$/, '.'));
  return name === null ? null : questionOf(name, TYPE.NULL);
}

/** Runs `alarm` for every so many unwanted replies (unwanted-reply-threshold): somebody may be guessing answers. */
export function watchUnwantedReplies(counters: Counters, threshold: number, alarm: () => void): void {
  if (threshold === 0) return;
  let count = 0;
  counters.watch('unwanted.replies', (amount) => {
    count += amount;
    if (count < threshold) return;
    count = 0;
    alarm();
  });
}
