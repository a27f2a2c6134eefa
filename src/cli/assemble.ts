/**
 * Assembly: the one place where the rooms are joined into a house, for the daemon and, with fake ports, for the replay
 * engine of the tests.
 */

import { AnswerCache } from '../cache/answer-cache.ts';
import { DEFAULT_DELEGATION_CACHE_OCTETS, DelegationCache } from '../cache/delegation-cache.ts';
import { DenialCache } from '../cache/denial-cache.ts';
import { DEFAULT_FAILURE_CACHE_OCTETS, FailureCache } from '../cache/failure-cache.ts';
import { KeyCache } from '../cache/key-cache.ts';
import { ReplyCache } from '../cache/reply-cache.ts';
import { RRsetCache } from '../cache/rrset-cache.ts';
import { ServerCache } from '../cache/server-cache.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { ZoneKey } from '../dnssec/dnskey.ts';
import { createIterate } from '../iterate/iterate.ts';
import type { Hint } from '../iterate/root-hints.ts';
import { ConfiguredZones } from '../iterate/stub-and-forward.ts';
import { Upstream } from '../iterate/upstream.ts';
import type { Policy } from '../policy/policy.ts';
import { Resolver } from '../resolve/resolver.ts';
import type { ZoneRates } from '../resolve/zone-rates.ts';
import type { ClientRates } from '../serve/rate-limit.ts';
import { createServe, type Serve } from '../serve/serve-query.ts';
import type { ServerOptions } from '../server/listen-options.ts';
import { Counters } from '../trace/counters.ts';
import type { AnchorTracker } from '../validate/anchor-tracker.ts';
import { type TrustAnchor, TrustAnchors } from '../validate/trust-anchors.ts';
import { createValidate } from '../validate/validate-answer.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { Background } from '../work/background.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { makeAnchorTracker, readTrackedFiles } from './anchor-tracking.ts';
import { CookieKeeper } from './cookie-secrets.ts';
import { makeZoneStore, takePolicyZone } from './held-zones.ts';
import { housePolicy, insecureNames } from './policy-means.ts';
import type { Ports } from './ports.ts';
import { PROGRAM_VERSION } from './program.ts';
import { anchorTexts, readInputs } from './read-inputs.ts';
import {
  anchorSignal,
  clientRates,
  keyPrefetch,
  knownDenials,
  rootKeyTags,
  signatureTime,
  watchUnwantedReplies,
  zoneRates,
} from './resolver-means.ts';
import {
  cacheSizes,
  type HostFacts,
  iterateOptions,
  resolveOptions,
  serveOptions,
  serverCacheOptions,
  serverOptions,
  validateOptions,
} from './room-options.ts';

import { stepTrace } from './step-log.ts';

/** All that reaches outside. */
export type { Ports } from './ports.ts';

/** All that a house remembers. May outlive it (reload_keep_cache). */
export interface Caches {
  readonly rrsets: RRsetCache;
  readonly answers: AnswerCache;
  readonly replies: ReplyCache;
  readonly keys: KeyCache<ZoneKey>;
  readonly delegations: DelegationCache;
  readonly servers: ServerCache;
  readonly failures: FailureCache;
  readonly denials: DenialCache;
}

/** What a house is assembled from. */
export interface AssembleStart {
  readonly config: Config;
  readonly ports: Ports;
  /** Detail of the log now, which the control channel may change; the configuration's when absent. */
  readonly verbosity?: () => number;
  /** Facts about the host; a fake one when absent. */
  readonly host?: HostFacts;
  /** Caches of the house before that are kept. */
  readonly caches?: Partial<Caches>;
  /** What the operator may have changed in the house before, when that is to be kept (set_option). */
  readonly live?: LiveParts;
}

/** Parts of a house that the control channel changes. */
export type LiveParts = Pick<
  House,
  'anchors' | 'serverZones' | 'counters' | 'zones' | 'policy' | 'serve' | 'tracker' | 'cookies'
>;

/** A house with its rooms joined; nothing listens yet (server/daemon.ts does, with `serve` and `server`). */
export interface House {
  readonly config: Config;
  readonly serve: Serve;
  readonly server: ServerOptions;
  readonly resolver: Resolver;
  readonly caches: Caches;
  readonly anchors: TrustAnchors;
  /** Stub and forward zones. */
  readonly serverZones: ConfiguredZones;
  /** Root servers to start from. */
  readonly hints: readonly Hint[];
  readonly counters: Counters;
  /** Zones that are held as a whole (auth-zone, rpz). */
  readonly zones: ZoneStore;
  /** Limits on questions to zones; null when none is set. */
  readonly zoneRates: ZoneRates | null;
  /** Local zones and rules for answers. */
  readonly policy: Policy;
  /** Limits on queries of clients. */
  readonly clientRates: ClientRates;
  /** Secrets of DNS cookies towards clients. */
  readonly cookies: CookieKeeper;
  /** Trust anchors that are kept up to date by themselves (RFC 5011). */
  readonly tracker: AnchorTracker;
  /** Stops all works. */
  stop(): void;
}

/** A house, or the findings for which there is none; warnings come with a house too. */
export type Assembled =
  | { readonly ok: true; readonly house: House; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

const NO_HOST: HostFacts = { hostName: 'localhost', programVersion: PROGRAM_VERSION, addressesOf: () => [] };

const NOBODY: ReadonlySet<string> = new Set();

/** Joins the rooms. */
export async function assemble(start: AssembleStart): Promise<Assembled> {
  const { config, ports, host = NO_HOST } = start;
  const verbosity = start.verbosity ?? ((): number => config.server.verbosity);
  const inputs = readInputs(config, ports.files);
  if (inputs.findings.some(({ severity }) => severity === 'error')) return { ok: false, findings: inputs.findings };
  const caches = { ...makeCaches(config, ports), ...start.caches };
  const anchors = start.live?.anchors ?? new TrustAnchors(inputs.anchors, insecureNames(config));
  const counters = start.live?.counters ?? new Counters();
  const { clock, network, random, crypto, log } = ports;
  const { rrsets, answers, failures, keys, delegations, servers, replies } = caches;
  const report = (error: unknown): void => log.write('error', bugText(error));
  const configured = iterateOptions(config, inputs);
  const serverZones = start.live?.serverZones ?? new ConfiguredZones(configured.configuredZones);
  const configuredZones = serverZones.all;
  const forIterate = { ...configured, configuredZones };
  const notice = (text: string): void => log.write('notice', text);
  const upstream = new Upstream({ clock, network, random, servers, counters, notice, options: forIterate });
  const heldZone = (name: Name): Name | null => zones.closest(name, NOBODY)?.zone ?? null;
  const denials = knownDenials(config, { clock, caches, anchors, counters, configuredZones, heldZone });
  const rates = zoneRates(config, { clock, random });
  const clients = clientRates(config, { clock, random });
  const keyFetches = new Background(report);
  const findings: Finding[] = [...inputs.findings];
  const makeStart = { config, ports, anchors, counters, report, resolver: () => resolver };
  const zones = start.live?.zones ?? makeZoneStore(makeStart, findings);
  const trackedFiles = start.live === undefined ? readTrackedFiles(config, ports.files, findings) : [];
  const kept = start.live?.cookies;
  const cookies = kept?.isFor(config) === true ? kept : new CookieKeeper(config, ports, findings);
  if (findings.some(({ severity }) => severity === 'error')) return { ok: false, findings };
  const signal = (anchor: TrustAnchor): void => {
    const question = anchorSignal(anchor);
    if (question !== null) keyFetches.start(() => resolver.resolve(question, { refresh: true }));
  };
  const resolver = new Resolver({
    clock,
    rrsets,
    answers,
    failures,
    counters,
    options: resolveOptions(config),
    deny: (question) => denials.find(question),
    signatureTime: signatureTime(config, clock),
    stepTrace: stepTrace(verbosity, log),
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
        options: forIterate,
        counters,
        upstream,
        copies: zones,
        ...(rates === null ? {} : { zoneRates: rates }),
        ...(config.server.prefetchKey ? { prefetchKey: keyPrefetch(fetch, keyFetches) } : {}),
      }),
    makeValidate: (fetch) =>
      createValidate({
        clock,
        crypto,
        rrsets,
        keys,
        fetch,
        anchors,
        options: validateOptions(config),
        counters,
        denials: caches.denials,
        ...(config.server.trustAnchorSignaling ? { onPrimed: signal } : {}),
      }),
  });
  watchUnwantedReplies(counters, config.server.unwantedReplyThreshold, () => {
    log.write('warning', 'unwanted-reply-threshold reached: somebody may be guessing answers; the cache is cleared');
    clearData(caches);
  });
  const tracking = { ports, anchors, keys, resolver, report };
  const tracker = start.live?.tracker ?? makeAnchorTracker(config, trackedFiles, tracking);
  const told = serveOptions(config, host, anchorTexts(inputs.anchors));
  const options = { ...told, rootKeyTags: rootKeyTags(config, anchors) };
  const made = housePolicy(config, { clock, log, host, resolver, rrsets, delegations });
  const policy = start.live?.policy ?? made.policy;
  const counted = start.live === undefined ? {} : { stats: start.live.serve.stats };
  const serve = createServe({
    clock,
    log,
    clientRates: clients,
    resolver,
    replies,
    options,
    zones,
    policy,
    verbosity,
    ...(config.server.answerCookie ? { cookies: cookies.judge } : {}),
    ...counted,
  });
  const server = serverOptions(config, host);
  const stop = (): void => {
    tracker.stop();
    zones.stop();
    resolver.abortAll();
    upstream.close();
  };
  const { hints } = inputs;
  const data = { caches, anchors, serverZones, hints, counters };
  const house: House = {
    config,
    serve,
    server,
    resolver,
    ...data,
    zones,
    zoneRates: rates,
    clientRates: clients,
    policy,
    cookies,
    tracker,
    stop,
  };
  if (start.live === undefined) zones.onZone((options, zone) => takePolicyZone(policy, options, zone));
  zones.start();
  if (start.live === undefined) tracker.start();
  return { ok: true, house, warnings: [...findings, ...made.warnings] };
}

function bugText(error: unknown): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `bug in a work that nobody waits for: ${what.replaceAll('\n', ' |')}`;
}

/** Forgets all data from servers, as what a guessed answer may have got into. */
function clearData({ rrsets, answers, replies, denials, delegations }: Caches): void {
  for (const cache of [rrsets, answers, replies, denials, delegations]) cache.clear();
}

function makeCaches(config: Config, { clock, random }: Ports): Caches {
  const sizes = cacheSizes(config);
  return {
    rrsets: new RRsetCache({ clock, maxBytes: sizes.rrsets }),
    answers: new AnswerCache({ clock, maxBytes: sizes.messages }),
    replies: new ReplyCache({ clock, random, maxBytes: sizes.messages }),
    keys: new KeyCache<ZoneKey>({ clock, maxBytes: sizes.keys }),
    delegations: new DelegationCache({ clock, maxBytes: DEFAULT_DELEGATION_CACHE_OCTETS }),
    servers: new ServerCache({ clock, options: serverCacheOptions(config) }),
    failures: new FailureCache({ clock, maxBytes: DEFAULT_FAILURE_CACHE_OCTETS }),
    denials: new DenialCache({ clock, random, maxBytes: sizes.denials }),
  };
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
