/** Joins iteration, validation, the caches and the resolver over what is common to an instance. */

import { forgetData } from '../cache/forget.ts';
import type { Config } from '../config/config.ts';
import type { Taps } from '../dnstap/taps.ts';
import { createIterate } from '../iterate/iterate.ts';
import type { ConfiguredZones } from '../iterate/stub-and-forward.ts';
import { Upstream } from '../iterate/upstream.ts';
import type { Ports } from '../ports/ports.ts';
import type { ClockDoubt } from '../resolve/clock-doubt.ts';
import type { ExpiringSignatures } from '../resolve/expiring-signatures.ts';
import { ForwarderKeys } from '../resolve/forwarder-keys.ts';
import { keyPrefetch } from '../resolve/prefetch.ts';
import type { RecentBogus } from '../resolve/recent-bogus.ts';
import { Resolver } from '../resolve/resolver.ts';
import type { SharedCache } from '../resolve/shared-cache.ts';
import { findSignedAddresses } from '../resolve/signed-addresses.ts';
import type { SpeakersParts } from '../resolve/speakers.ts';
import { SynthesisedDenials } from '../resolve/synthesised-denials.ts';
import { ZoneRates } from '../resolve/zone-rates.ts';
import { closestUpstreamZone } from '../terms/upstream-zone.ts';
import type { Counters } from '../trace/counters.ts';
import type { Followers } from '../trace/followers.ts';
import { anchorSignal } from '../validate/anchor-signal.ts';
import type { TrustAnchor, TrustAnchors } from '../validate/trust-anchors.ts';
import { createValidate } from '../validate/validate-answer.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { Background } from '../work/background.ts';
import type { Fetch } from '../work/fetch.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { AnchorNews } from './anchor-news.ts';
import type { Caches } from './caches.ts';
import type { Inputs } from './inputs.ts';
import { zoneRateOptions } from './options/limits.ts';
import { denialOptions, iterateOptions, resolveOptions, validateOptions } from './options/rooms.ts';
import { stepTrace } from './step-log.ts';

/** What the rooms of one instance have in common. */
export interface SharedParts {
  readonly config: Config;
  readonly ports: Ports;
  readonly inputs: Inputs;
  readonly caches: Caches;
  readonly anchors: TrustAnchors;
  readonly counters: Counters;
  readonly recentBogus: RecentBogus;
  readonly followers: Followers;
  readonly expiringSignatures: ExpiringSignatures;
  readonly serverZones: ConfiguredZones;
  readonly clockDoubt: ClockDoubt;
  readonly verbosity: () => number;
  /** Copies messages; null: nobody listens. */
  readonly taps: Taps | null;
  /** Takes a bug in a work that nobody waits for. */
  readonly report: (error: unknown) => void;
}

interface JoinedResolver {
  readonly resolver: Resolver;
  readonly upstream: Upstream;
  /** Limits on questions to zones; null when none is set. */
  readonly zoneRates: ZoneRates | null;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Joins the resolver; `zones` are the zones that are kept as a local copy, `secondLevel` is shared with other hosts. */
export function joinResolver(shared: SharedParts, zones: ZoneStore, secondLevel: SharedCache | null): JoinedResolver {
  const { config, ports, caches, anchors, counters, serverZones, verbosity, report } = shared;
  const { clock, network, random, log } = ports;
  const { rrsets, answers, failures, servers, delegations } = caches;
  const options = { ...iterateOptions(config, shared.inputs), configuredZones: serverZones.all };
  const notice = (text: string): void => log.write('notice', text);
  const warn = (text: string): void => log.write('error', text);
  const tap = shared.taps?.servers;
  const upstream = new Upstream({ clock, network, random, servers, counters, notice, warn, options, tap });
  const speakers = speakersOf(shared, (name) => zones.closest(name, NOBODY)?.zone ?? null);
  const denials = knownDenials(shared, speakers);
  const signedAddresses = (question: Question) => findSignedAddresses({ rrsets, speakers }, question);
  const rates = zoneRates(config, { clock, random });
  const background = new Background(report);
  const publishedKeys = config.forwardZones.some(({ forwardTlsDane }) => forwardTlsDane)
    ? new ForwarderKeys({ clock, log, report, resolve: (question) => resolver.resolve(question, { refresh: true }) })
    : null;
  const resolver: Resolver = new Resolver({
    clock,
    rrsets,
    answers,
    failures,
    counters,
    options: resolveOptions(config),
    deny: (question) => denials.look(question),
    signedAddresses,
    shared: secondLevel,
    signatureTime: config.server.valOverrideDate,
    onVerdict: (verdict) => shared.clockDoubt.note(verdict),
    onBogus: (question, why) => shared.recentBogus.note(question, why),
    stepTrace: stepTrace(verbosity, log, shared.followers),
    report,
    makeIterate: (fetch) =>
      createIterate({
        clock,
        network,
        random,
        rrsets,
        delegations,
        servers,
        fetch,
        findCached: (question) => answers.find(question) ?? denials.find(question),
        expectsSignatures: signatureExpectation(anchors, caches),
        options,
        counters,
        upstream,
        copies: zones,
        signedAddresses,
        ...(rates === null ? {} : { zoneRates: rates }),
        ...(publishedKeys === null ? {} : { publishedKeys }),
        ...(config.server.prefetchKey ? { prefetchKey: keyPrefetch(fetch, background) } : {}),
      }),
    makeValidate: (fetch) => joinValidate(shared, fetch, background, () => resolver),
  });
  watchUnwantedReplies(counters, config.server.unwantedReplyThreshold, () => {
    log.write('warning', 'unwanted-reply-threshold reached: somebody may be guessing answers; the cache is cleared');
    forgetData(caches);
  });
  return { resolver, upstream, zoneRates: rates };
}

function joinValidate(shared: SharedParts, fetch: Fetch, background: Background, resolver: () => Resolver) {
  const { config, ports, caches, anchors, counters } = shared;
  const news = new AnchorNews(ports.log, counters);
  const primed = (anchor: TrustAnchor): void => {
    news.note(anchor, caches.rrsets);
    const question = config.server.trustAnchorSignaling ? anchorSignal(anchor) : null;
    if (question !== null) background.start(() => resolver().resolve(question, { refresh: true }));
  };
  return createValidate({
    clock: ports.clock,
    crypto: ports.crypto,
    rrsets: caches.rrsets,
    keys: caches.keys,
    answers: caches.answers,
    fetch,
    anchors,
    options: validateOptions(config),
    counters,
    denials: caches.denials,
    onPrimed: primed,
    onVerified: (rrset, signature, expiresAt) => shared.expiringSignatures.note(rrset, signature, expiresAt),
  });
}

/** `authZone` gives the deepest local copy of a zone that answers for a name (auth-zone); null when there is none. */
function speakersOf(
  { anchors, serverZones }: Pick<SharedParts, 'anchors' | 'serverZones'>,
  authZone: (name: Name) => Name | null,
): SpeakersParts {
  return {
    configuredZone: (name) => {
      const configured = closestUpstreamZone(serverZones.all, name)?.zone ?? null;
      const copied = authZone(name);
      return copied !== null && copied.length > (configured?.length ?? 0) ? copied : configured;
    },
    anchorZone: (name) => {
      const anchor = anchors.closest(name);
      return anchor?.kind === 'positive' ? anchor.zone : null;
    },
  };
}

/** Denials that follow from proven ones (harden-below-nxdomain, aggressive-nsec). */
function knownDenials({ config, ports, caches }: SharedParts, speakers: SpeakersParts): SynthesisedDenials {
  const { answers, rrsets, denials } = caches;
  return new SynthesisedDenials({
    clock: ports.clock,
    crypto: ports.crypto,
    answers,
    rrsets,
    denials,
    ...speakers,
    options: denialOptions(config),
  });
}

/** Limits on questions to zones; null when none is set. */
function zoneRates(config: Config, ports: Pick<Ports, 'clock' | 'random'>): ZoneRates | null {
  const options = zoneRateOptions(config);
  return ZoneRates.isNeeded(options) ? new ZoneRates({ ...ports, options }) : null;
}

/** Runs `alarm` for every so many unwanted replies (unwanted-reply-threshold): somebody may be guessing answers. */
function watchUnwantedReplies(counters: Counters, threshold: number, alarm: () => void): void {
  if (threshold === 0) return;
  let count = 0;
  counters.watch('unwanted.replies', (amount) => {
    count += amount;
    if (count < threshold) return;
    count = 0;
    alarm();
  });
}

/**
 * Whether a zone's servers should give signatures: it has an anchor of its own, its keys are proven, or its parent gave a DS.
 * Without that a missing signature says nothing about a server.
 */
function signatureExpectation(anchors: TrustAnchors, { keys, rrsets }: Caches): (zone: Name) => boolean {
  return (zone) => {
    const anchor = anchors.closest(zone);
    if (anchor === null || anchor.kind === 'negative') return false;
    if (namesEqual(anchor.zone, zone)) return true;
    const trust = keys.find(zone);
    if (trust !== null) return trust.status === 'secure';
    return rrsets.find(zone, TYPE.DS, CLASS.IN) !== null;
  };
}
