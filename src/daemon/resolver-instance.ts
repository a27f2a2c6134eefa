/**
 * Where the rooms are joined into a house, for the daemon and, with fake ports, for the replay
 * engine of the tests.
 */

import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { Hint } from '../iterate/root-hints.ts';
import { ConfiguredZones } from '../iterate/stub-and-forward.ts';
import type { Policy } from '../policy/policy.ts';
import type { Ports } from '../ports/ports.ts';
import type { Resolver } from '../resolve/resolver.ts';
import type { ZoneRates } from '../resolve/zone-rates.ts';
import { createServe, type Serve } from '../serve/query-server.ts';
import { ClientRates } from '../serve/rate-limit.ts';
import type { ServerOptions } from '../server/listen-options.ts';
import { Counters } from '../trace/counters.ts';
import { anchorTags } from '../validate/anchor-signal.ts';
import type { AnchorTracker } from '../validate/anchor-tracker.ts';
import { TrustAnchors } from '../validate/trust-anchors.ts';
import { ROOT } from '../wire/name.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { type Caches, makeCaches } from './caches.ts';
import { CookieKeeper } from './cookie-secrets.ts';
import { anchorTexts, type Inputs, readInputs } from './inputs.ts';
import { makeAnchorTracker, readTrackedFiles } from './join-anchors.ts';
import { housePolicy, insecureNames } from './join-policy.ts';
import { type Ground, joinResolver } from './join-resolver.ts';
import { makeZoneStore, takePolicyZone } from './join-zones.ts';
import { clientRateOptions } from './options/limits.ts';
import { cacheSizes, type HostFacts, iterateOptions, serveOptions, serverOptions } from './options/rooms.ts';
import { PROGRAM_VERSION } from './version.ts';

/** All that reaches outside. */
export type { Ports } from '../ports/ports.ts';

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

/** Joins the rooms. */
export async function assemble(start: AssembleStart): Promise<Assembled> {
  const { config, ports, host = NO_HOST, live } = start;
  const inputs = readInputs(config, ports.files);
  const findings: Finding[] = [...inputs.findings];
  if (hasError(findings)) return { ok: false, findings };
  const ground = layGround(start, inputs, findings);
  // Zones that are held ask through the resolver, and the resolver looks into the zones: one gets the other by a call.
  const zones = live?.zones ?? makeZoneStore({ ...ground, resolver: () => joined.resolver }, findings);
  const trackedFiles = live === undefined ? readTrackedFiles(config, ports.files, findings) : [];
  const cookies = live?.cookies.isFor(config) ? live.cookies : new CookieKeeper(config, ports, findings);
  if (hasError(findings)) return { ok: false, findings };
  const joined = joinResolver(ground, zones);
  const { resolver, upstream } = joined;
  const { caches, anchors, serverZones, counters, report } = ground;
  const tracking = { ports, anchors, caches, resolver, report };
  const tracker = live?.tracker ?? makeAnchorTracker(config, trackedFiles, tracking);
  const { clock, log } = ports;
  const { rrsets, delegations } = caches;
  const made = housePolicy(config, { clock, log, host, resolver, rrsets, delegations });
  const policy = live?.policy ?? made.policy;
  const client = { clientRates: new ClientRates({ ...ports, options: clientRateOptions(config) }), policy, cookies };
  const serve = joinServe(start, ground, { ...client, resolver, zones });
  const stop = (): void => {
    tracker.stop();
    zones.stop();
    resolver.abortAll();
    upstream.close();
  };
  const data = { caches, anchors, serverZones, hints: inputs.hints, counters, zones, zoneRates: joined.zoneRates };
  const house = { config, serve, server: serverOptions(config, host), resolver, ...data, ...client, tracker, stop };
  if (live === undefined) zones.onZone((options, zone, isLater) => takePolicyZone(policy, options, zone, isLater));
  zones.start();
  if (live === undefined) tracker.start();
  return { ok: true, house, warnings: [...findings, ...made.warnings] };
}

function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

/** What all rooms have in common; from the house before where that is to be kept. */
function layGround(start: AssembleStart, inputs: Inputs, findings: Finding[]): Ground {
  const { config, ports, caches, live, verbosity } = start;
  const { warning } = cacheSizes(config, start.host?.heapOctets);
  if (warning !== null) findings.push({ file: '', line: 0, severity: 'warning', text: warning });
  return {
    config,
    ports,
    inputs,
    caches: { ...makeCaches(config, ports, start.host?.heapOctets), ...caches },
    anchors: live?.anchors ?? new TrustAnchors(inputs.anchors, insecureNames(config, inputs.anchored, findings)),
    counters: live?.counters ?? new Counters(),
    serverZones: live?.serverZones ?? new ConfiguredZones(iterateOptions(config, inputs).configuredZones),
    verbosity: verbosity ?? (() => config.server.verbosity),
    report: (error) => ports.log.write('error', bugText(error)),
  };
}

/** What serving is joined from besides the ground. */
type ServeMeans = Pick<House, 'clientRates' | 'policy' | 'cookies' | 'resolver' | 'zones'>;

function joinServe({ host = NO_HOST, live }: AssembleStart, ground: Ground, means: ServeMeans): Serve {
  const { config, ports, caches, anchors, inputs, verbosity } = ground;
  const { clientRates: rates, policy, cookies, resolver, zones } = means;
  const told = serveOptions(config, host, anchorTexts(inputs.anchors));
  return createServe({
    clock: ports.clock,
    log: ports.log,
    clientRates: rates,
    resolver,
    replies: caches.replies,
    options: { ...told, rootKeyTags: rootKeyTags(config, anchors) },
    zones,
    policy,
    verbosity,
    ...(config.server.answerCookie ? { cookies: cookies.judge } : {}),
    ...(live === undefined ? {} : { stats: live.serve.stats }),
  });
}

/** The key tags that root key sentinels are about (root-key-sentinel); null: they are names like others. */
export function rootKeyTags({ server }: Config, anchors: TrustAnchors): (() => ReadonlySet<number>) | null {
  if (!server.rootKeySentinel) return null;
  return () => {
    const anchor = anchors.closest(ROOT);
    return anchor?.kind === 'positive' ? anchorTags(anchor) : new Set();
  };
}

function bugText(error: unknown): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `bug in a work that nobody waits for: ${what.replaceAll('\n', ' |')}`;
}
