/**
 * A resolver instance: the rooms joined by a configuration, for the daemon and, with fake ports, for the replay
 * engine of the tests.
 */

import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { Hint } from '../iterate/root-hints.ts';
import { ConfiguredZones } from '../iterate/stub-and-forward.ts';
import type { Policy } from '../policy/policy.ts';
import type { Crypto } from '../ports/crypto.ts';
import type { Ports } from '../ports/ports.ts';
import type { OpenStore, SharedStore } from '../ports/shared-store.ts';
import { ClockDoubt } from '../resolve/clock-doubt.ts';
import { ExpiringSignatures } from '../resolve/expiring-signatures.ts';
import { RecentBogus } from '../resolve/recent-bogus.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { SharedCache } from '../resolve/shared-cache.ts';
import type { ZoneRates } from '../resolve/zone-rates.ts';
import type { ReplyPublisher } from '../serve/publish.ts';
import { createServe, type Serve } from '../serve/query-server.ts';
import { ClientRates } from '../serve/rate-limit.ts';
import { TappedServe } from '../serve/tapped-serve.ts';
import type { ServerOptions } from '../server/listen-options.ts';
import { bugText } from '../terms/unreachable.ts';
import { Counters } from '../trace/counters.ts';
import { Followers } from '../trace/followers.ts';
import { anchorTags } from '../validate/anchor-signal.ts';
import type { AnchorTracker } from '../validate/anchor-tracker.ts';
import { TrustAnchors } from '../validate/trust-anchors.ts';
import { ROOT } from '../wire/name.ts';
import { runInTurns } from '../wire/steps.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { afterClockStep } from './after-clock-step.ts';
import { type Caches, makeCaches } from './caches.ts';
import { CookieKeeper } from './cookie-secrets.ts';
import { InForce } from './in-force.ts';
import { anchorTexts, type Inputs, readInputs } from './inputs.ts';
import { makeAnchorTracker, readTrackedFiles } from './join-anchors.ts';
import { joinDnstap } from './join-dnstap.ts';
import { insecureNames, joinPolicy } from './join-policy.ts';
import { joinResolver, type SharedParts } from './join-resolver.ts';
import { joinSecondLevel } from './join-shared-cache.ts';
import { makeZoneStore, takePolicyZone } from './join-zones.ts';
import { clientRateOptions } from './options/limits.ts';
import { cacheSizes, fitTables, type HostFacts, iterateOptions, serveOptions, serverOptions } from './options/rooms.ts';
import type { ServiceTls } from './service-tls.ts';
import { PROGRAM_VERSION } from './version.ts';

export type { Ports } from '../ports/ports.ts';

/** What an instance is assembled from. */
export interface AssembleParts {
  readonly config: Config;
  readonly ports: Ports;
  /** Detail of the log now, which the control channel may change; the configuration's when absent. */
  readonly verbosity?: () => number;
  /** Facts about the host; a fake one when absent. */
  readonly host?: HostFacts;
  /** TLS towards clients; absent or null: nothing speaks it. */
  readonly serviceTls?: ServiceTls | null;
  /** Opens the store that hosts share (cachedb); absent: there is none. */
  readonly openStore?: OpenStore;
  /** Caches of the instance before that are kept. */
  readonly caches?: Partial<Caches>;
  /** Zones of the instance before a reload, whose files need not be read again. */
  readonly zonesBefore?: ZoneStore | null;
  /** What the operator may have changed in the instance before, when that is to be kept (set_option). */
  readonly carried?: Carried;
  /** Where front threads find what they may serve; absent: there are none. */
  readonly publisher?: ReplyPublisher;
}

/** Parts of an instance that are carried over to the next: those that the control channel changes. */
type Carried = Pick<
  ResolverInstance,
  | 'inForce'
  | 'anchors'
  | 'serverZones'
  | 'counters'
  | 'recentBogus'
  | 'followers'
  | 'expiringSignatures'
  | 'zones'
  | 'policy'
  | 'serve'
  | 'tracker'
  | 'cookies'
  | 'sharedStore'
>;

/** A resolver with its rooms joined, one for each configuration; nothing listens yet (server/daemon.ts does, with `serve` and `server`). */
export interface ResolverInstance {
  readonly config: Config;
  readonly serve: Serve;
  readonly server: ServerOptions;
  readonly serviceTls: ServiceTls | null;
  readonly publisher: ReplyPublisher | null;
  readonly resolver: Resolver;
  readonly caches: Caches;
  readonly crypto: Crypto;
  /** Store that is shared with other hosts (cachedb); null: none. */
  readonly sharedStore: SharedStore | null;
  /** What is made of it, by this instance's configuration. */
  readonly sharedCache: SharedCache | null;
  readonly anchors: TrustAnchors;
  /** Leads to this instance until another one is in force. */
  readonly inForce: InForce;
  /** Stub and forward zones. */
  readonly serverZones: ConfiguredZones;
  /** Root servers to start from. */
  readonly hints: readonly Hint[];
  readonly counters: Counters;
  /** Names that were bogus a short time ago. */
  readonly recentBogus: RecentBogus;
  /** Names whose signatures run out soon. */
  readonly expiringSignatures: ExpiringSignatures;
  /** Who follows clients' queries. */
  readonly followers: Followers;
  /** Zones that are kept as a local copy (auth-zone, rpz). */
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
  /** Whether the clock of this host seems to be wrong. */
  readonly clockDoubt: Pick<ClockDoubt, 'isDoubtful'>;
  /** The wall clock was set by so many seconds. */
  clockStepped(seconds: number): void;
  stop(): void;
}

/** An instance, or the findings for which there is none; warnings come with an instance too. */
type Assembled =
  | { readonly ok: true; readonly instance: ResolverInstance; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly findings: readonly Finding[] };

const NO_HOST: HostFacts = { hostName: 'localhost', programVersion: PROGRAM_VERSION, addressesOf: () => [] };

export async function assemble(given: AssembleParts): Promise<Assembled> {
  const { config, warning } = fitTables(given.config, given.host?.heapOctets);
  const parts = { ...given, config };
  const { ports, host = NO_HOST, carried, serviceTls = null, zonesBefore = null } = parts;
  const inputs = readInputs(config, ports.files);
  const findings: Finding[] = [...inputs.findings, ...sizeWarning(warning)];
  if (hasError(findings)) return { ok: false, findings };
  const counters = carried?.counters ?? new Counters();
  const tapped = await joinDnstap({ config, ports, host, counters }, findings);
  const shared = shareParts(parts, inputs, { counters, taps: tapped?.taps ?? null }, findings);
  // What is carried over, and zones, which the resolver itself looks into, reach the resolver in force through this.
  const inForce = carried?.inForce ?? new InForce();
  const zones = carried?.zones ?? (await makeZoneStore({ ...shared, inForce, zonesBefore }, findings));
  const trackedFiles = carried === undefined ? readTrackedFiles(config, ports.files, findings) : [];
  const cookies = carried?.cookies.isFor(config) ? carried.cookies : new CookieKeeper(config, ports, findings);
  if (hasError(findings)) return { ok: false, findings };
  const secondLevel = await joinSecondLevel(shared, inputs.tlsAuthorities, parts.openStore, carried?.sharedStore);
  const joined = joinResolver(shared, zones, secondLevel.sharedCache);
  const { resolver, upstream } = joined;
  const { caches, anchors, serverZones, report } = shared;
  inForce.activate({ resolver, caches });
  const tracking = { ports, anchors, inForce, report };
  const tracker = carried?.tracker ?? makeAnchorTracker(config, trackedFiles, tracking);
  const { clock, log } = ports;
  const made =
    carried === undefined
      ? await runInTurns(joinPolicy(config, { clock, log, counters, host, inForce }), clock)
      : { policy: carried.policy, warnings: [] };
  const { policy } = made;
  const client = { clientRates: new ClientRates({ ...ports, options: clientRateOptions(config) }), policy, cookies };
  const serve = joinServe(parts, shared, { ...client, resolver, zones });
  const stop = (): void => {
    tapped?.sender.stop();
    tracker.stop();
    zones.stop();
    resolver.abortAll();
    upstream.close();
    secondLevel.sharedStore?.close();
  };
  const { clockDoubt, recentBogus, followers } = shared;
  const clockStepped = (seconds: number): void =>
    afterClockStep(seconds, { clock, caches, counters, clockDoubt, tracker, log });
  const data = {
    ...{ inForce, caches, anchors, serverZones, counters, recentBogus, followers, zones, clockDoubt, clockStepped },
    crypto: ports.crypto,
    ...secondLevel,
    hints: inputs.hints,
    expiringSignatures: shared.expiringSignatures,
    zoneRates: joined.zoneRates,
  };
  const server = serverOptions(config, host, serviceTls?.options);
  const publisher = parts.publisher ?? null;
  const instance = { config, serve, server, serviceTls, publisher, resolver, ...data, ...client, tracker, stop };
  tapped?.sender.start();
  if (carried === undefined) await keepPolicyZones(policy, zones);
  zones.start();
  if (carried === undefined) tracker.start();
  return { ok: true, instance, warnings: [...findings, ...made.warnings] };
}

/** Gives policy its zones, now and whenever they change. Ends when those that are there act: nobody is answered before. */
async function keepPolicyZones(policy: Policy, zones: ZoneStore): Promise<void> {
  const first: Promise<void>[] = [];
  let isFirst = true;
  zones.onZone((options, zone) => {
    const taken = takePolicyZone(policy, options, zone);
    if (isFirst) first.push(taken);
  });
  isFirst = false;
  await Promise.all(first);
}

export function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

function sizeWarning(text: string | null): Finding[] {
  return text === null ? [] : [{ file: '', line: 0, severity: 'warning', text }];
}

/** What all rooms have in common; from the instance before where that is to be kept. */
function shareParts(
  parts: AssembleParts,
  inputs: Inputs,
  { counters, taps }: Pick<SharedParts, 'counters' | 'taps'>,
  findings: Finding[],
): SharedParts {
  const { config, ports, caches, carried, verbosity } = parts;
  findings.push(...sizeWarning(cacheSizes(config, parts.host?.heapOctets).warning));
  return {
    config,
    ports,
    inputs,
    caches: { ...makeCaches(config, ports, parts.host?.heapOctets), ...caches },
    anchors: carried?.anchors ?? new TrustAnchors(inputs.anchors, insecureNames(config, inputs.anchored, findings)),
    counters,
    taps,
    recentBogus: carried?.recentBogus ?? new RecentBogus(ports.clock),
    followers: carried?.followers ?? new Followers(),
    expiringSignatures: carried?.expiringSignatures ?? new ExpiringSignatures(ports.clock),
    serverZones: carried?.serverZones ?? new ConfiguredZones(iterateOptions(config, inputs).configuredZones),
    clockDoubt: new ClockDoubt({ clock: ports.clock, log: ports.log, counters }),
    verbosity: verbosity ?? (() => config.server.verbosity),
    report: (error) => ports.log.write('error', `bug in a work that nobody waits for: ${bugText(error)}`),
  };
}

/** What serving is joined from besides the shared parts. */
type ServeParts = Pick<ResolverInstance, 'clientRates' | 'policy' | 'cookies' | 'resolver' | 'zones'>;

function joinServe(
  { host = NO_HOST, carried, publisher }: AssembleParts,
  shared: SharedParts,
  parts: ServeParts,
): Serve {
  const { config, ports, caches, anchors, inputs, verbosity } = shared;
  const { clientRates: rates, policy, cookies, resolver, zones } = parts;
  const options = serveOptions(config, host, anchorTexts(inputs.anchors));
  const serve = createServe({
    clock: ports.clock,
    log: ports.log,
    clientRates: rates,
    resolver,
    replies: caches.replies,
    options: { ...options, rootKeyTags: rootKeyTags(config, anchors), clockHint: () => shared.clockDoubt.hint() },
    zones,
    policy,
    verbosity,
    followers: shared.followers,
    ...(config.server.answerCookie ? { cookies: cookies.check } : {}),
    ...(carried === undefined ? {} : { stats: carried.serve.stats }),
    // Front threads would answer without a copy for the collector.
    ...(publisher === undefined || shared.taps !== null ? {} : { publisher }),
  });
  return shared.taps?.wantsClients === true ? new TappedServe(serve, shared.taps.clients) : serve;
}

/** The key tags that root key sentinels are about (root-key-sentinel); null: they are names like others. */
export function rootKeyTags({ server }: Config, anchors: TrustAnchors): (() => ReadonlySet<number>) | null {
  if (!server.rootKeySentinel) return null;
  return () => {
    const anchor = anchors.closest(ROOT);
    return anchor?.kind === 'positive' ? anchorTags(anchor) : new Set();
  };
}
