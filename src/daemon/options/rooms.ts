/** Each room's own small options, taken out of the configuration. The only place that knows both. */

import { DEFAULT_FAILURE_SECONDS } from '../../cache/failure-cache.ts';
import { OCTETS_PER_SERVER, type ServerCacheOptions } from '../../cache/server-cache.ts';
import type { Config } from '../../config/config.ts';
import type { ListenTarget } from '../../config/form-network.ts';
import { automaticPorts, protocolAt } from '../../config/listen-protocol.ts';
import { ITERATE_LIMITS, type IterateOptions } from '../../iterate/options.ts';
import type { Hint } from '../../iterate/root-hints.ts';
import { listenKey } from '../../policy/listen-map.ts';
import type { TlsServerOptions } from '../../ports/network.ts';
import type { ResolveOptions } from '../../resolve/parts.ts';
import type { SynthesisedDenialsParts } from '../../resolve/synthesised-denials.ts';
import type { ServeOptions } from '../../serve/serve-options.ts';
import type { ListenAddress, ServerOptions } from '../../server/listen-options.ts';
import { VALIDATE_LIMITS, type ValidateOptions } from '../../validate/options.ts';
import { fromHex } from '../../wire/bytes.ts';
import { parseIp } from '../../wire/ip.ts';
import { FIXED_ALLOWANCE } from '../../work/budget.ts';
import { tlsVersions } from './tls.ts';
import { configuredZones, upstreamOptions } from './upstream.ts';

/** What the system says of this host. */
export interface HostFacts {
  readonly hostName: string;
  /** Name and version of the program, as version.bind tells them. */
  readonly programVersion: string;
  /** Addresses of a network interface (`interface: eth0`), link-local ones with their zone; none when there is none such. */
  readonly addressesOf: (networkInterface: string) => readonly string[];
  /** Octets that V8's heap may have; absent: as many as are wanted. */
  readonly heapOctets?: number;
  /** Seconds since 1970 with a fraction; absent: whole ones will do. */
  readonly unixTime?: () => number;
  /** Addresses of all of them; absent: none is known. */
  readonly allAddresses?: () => readonly string[];
}

/**
 * Milliseconds for one client question. The stub resolver of glibc gives up after two tries of 5 s: an answer that says
 * why must come before that.
 */
const WALL_TIME_MS = 9_500;
/** Milliseconds that a question goes on after its client was told that it takes too long: the next one finds the answer. */
const GRACE_MS = 10_000;
/** Client queries that may wait for each question in progress (Unbound: max_reply_states times 16). */
const WAITERS_PER_QUESTION = 16;

export function resolveOptions({ server }: Config): ResolveOptions {
  return {
    maxRestarts: server.valMaxRestart,
    bogusTtlSeconds: server.valBogusTtl,
    failureTtlSeconds: DEFAULT_FAILURE_SECONDS,
    wallTimeMs: WALL_TIME_MS,
    maxWorks: server.numQueriesPerThread,
    jostleMs: server.jostleTimeout,
    graceMs: GRACE_MS,
    prefetch: server.prefetch,
    serveExpired: {
      isOn: server.serveExpired,
      ttlSeconds: server.serveExpiredTtl,
      ttlReset: server.serveExpiredTtlReset,
      replyTtlSeconds: server.serveExpiredReplyTtl,
      includesDane: server.serveExpiredDane,
      clientTimeoutMs: server.serveExpiredClientTimeout,
    },
    allowance: {
      ...FIXED_ALLOWANCE,
      'upstream-queries': server.maxGlobalQuota,
      aliases: server.maxQueryRestarts,
    },
  };
}

/** Which denials answer for other questions. */
export function denialOptions({ server }: Config): SynthesisedDenialsParts['options'] {
  return { belowNxdomain: server.hardenBelowNxdomain, aggressiveNsec: server.aggressiveNsec };
}

/** What iteration's options take from files. */
interface IterateFileOptions {
  readonly hints: readonly Hint[];
  /** PEM text of the authorities that servers are checked with over TLS. */
  readonly tlsAuthorities: string | null;
}

export function iterateOptions(config: Config, { hints, tlsAuthorities }: IterateFileOptions): IterateOptions {
  const { server } = config;
  const preferFamily = server.preferIp4 ? 'ip4' : server.preferIp6 ? 'ip6' : 'none';
  const attemptsPerServer = Math.max(1, server.outboundMsgRetry);
  const relaxed = server.qnameMinimisationStrict ? 'strict' : 'relaxed';
  return {
    ...ITERATE_LIMITS,
    ...upstreamOptions(config),
    hints,
    tlsAuthorities,
    tlsSendsName: server.tlsUseSni,
    tlsVersions: tlsVersions(server.tlsProtocols),
    configuredZones: configuredZones(config),
    minimisation: server.qnameMinimisation ? relaxed : 'off',
    ednsBufferOctets: server.ednsBufferSize,
    useIp4: server.doIp4,
    useIp6: server.doIp6,
    preferFamily,
    targetFetchPolicy: server.targetFetchPolicy,
    useCapsForId: server.useCapsForId,
    capsExempt: server.capsExempt,
    attemptsPerServer,
    // Who wants more attempts gets them.
    maxFailedQueries: Math.max(ITERATE_LIMITS.maxFailedQueries, 2 * attemptsPerServer),
    maxSentCount: server.maxSentCount,
    maxNsRecords: server.iterScrubNs,
    maxAliasesPerResponse: server.iterScrubCname,
    maxSignaturesPerRRset: server.iterScrubRrsig,
    scrubPromiscuous: server.iterScrubPromiscuous,
    hardenGlue: server.hardenGlue,
    hardenUnverifiedGlue: server.hardenUnverifiedGlue,
    hardenUnknownAdditional: server.hardenUnknownAdditional,
    privateAddresses: server.privateAddress,
    privateDomains: server.privateDomain,
    maxTtl: server.cacheMaxTtl,
    // A least time above the longest is none, as the warning about it says.
    minTtl: Math.min(server.cacheMinTtl, server.cacheMaxTtl),
    maxNegativeTtl: server.cacheMaxNegativeTtl,
    minNegativeTtl: Math.min(server.cacheMinNegativeTtl, server.cacheMaxNegativeTtl),
  };
}

export function validateOptions({ server }: Config): ValidateOptions {
  return {
    signatureTime: server.valOverrideDate,
    skew: { min: server.valSigSkewMin, max: server.valSigSkewMax },
    bogusTtlSeconds: server.valBogusTtl,
    maxRestarts: server.valMaxRestart,
    cleanAdditional: server.valCleanAdditional,
    hardenDnssecStripped: server.hardenDnssecStripped,
    hardenAlgoDowngrade: server.hardenAlgoDowngrade,
    algorithms: { sha1: server.valSha1 || server.fakeSha1, legacy: server.valLegacyAlgorithms || server.fakeDsa },
    nsec3Iterations: server.valNsec3KeysizeIterations.map(({ keySizeBits, iterations }) => ({
      keyBits: keySizeBits,
      iterations,
    })),
    limits: { ...VALIDATE_LIMITS, keyTtlSeconds: server.cacheMaxTtl },
  };
}

/** Octets of the caches. */
interface CacheSizes {
  /** Of the cache of answers, and again of that of finished replies. */
  readonly messages: number;
  readonly rrsets: number;
  readonly keys: number;
  readonly denials: number;
}

/**
 * Octets that a full cache takes for each octet of its bound (test/cache/heap-size.test.ts).
 */
const HEAP_PER_CACHE_OCTET = 1.2;
/**
 * What caches may take beside V8's heap, percent of it: most of their octets lie outside of it, in the memory that bin/launch left
 * for them.
 */
const CACHE_PERCENT_OF_HEAP = 75;
const MIB = 1024 * 1024;

/** Octets of the caches, made smaller in proportion where the heap could not hold them; `warning` says so. */
export function cacheSizes(
  { server }: Config,
  heapOctets = Number.POSITIVE_INFINITY,
): { readonly sizes: CacheSizes; readonly warning: string | null } {
  const sizes = {
    messages: server.msgCacheSize,
    rrsets: server.rrsetCacheSize,
    keys: server.keyCacheSize,
    denials: server.negCacheSize,
  };
  const wanted = (2 * sizes.messages + sizes.rrsets + sizes.keys + sizes.denials) * HEAP_PER_CACHE_OCTET;
  const most = (heapOctets * CACHE_PERCENT_OF_HEAP) / 100;
  if (wanted <= most) return { sizes, warning: null };
  const fitted = (octets: number): number => Math.floor((octets * most) / wanted);
  const [messages, rrsets] = [fitted(sizes.messages), fitted(sizes.rrsets)];
  const mib = (octets: number): number => Math.floor(octets / MIB);
  const heap = `V8's heap of ${mib(heapOctets)} MiB (--max-old-space-size in NODE_OPTIONS)`;
  const made = `msg-cache-size is ${mib(messages)}m and rrset-cache-size ${mib(rrsets)}m`;
  const warning = `the caches need ${mib(wanted)} MiB, more than there is beside ${heap}: ${made}`;
  return { sizes: { messages, rrsets, keys: fitted(sizes.keys), denials: fitted(sizes.denials) }, warning };
}

/**
 * What the tables that lie in V8's heap may take of it, percent: servers, and counts for limits on rates. The defaults fit the smallest
 * heap that bin/launch gives.
 */
const TABLES_PERCENT_OF_HEAP = 35;

/** The configuration with those tables made smaller in proportion where the heap could not hold them; `warning` says so. */
export function fitTables(
  config: Config,
  heapOctets = Number.POSITIVE_INFINITY,
): { readonly config: Config; readonly warning: string | null } {
  const { infraCacheNumhosts, ratelimitSize, ipRatelimitSize } = config.server;
  const wanted = infraCacheNumhosts * OCTETS_PER_SERVER + ratelimitSize + ipRatelimitSize;
  const most = (heapOctets * TABLES_PERCENT_OF_HEAP) / 100;
  if (wanted <= most) return { config, warning: null };
  const fitted = (size: number): number => Math.max(1, Math.floor((size * most) / wanted));
  const sizes = {
    infraCacheNumhosts: fitted(infraCacheNumhosts),
    ratelimitSize: fitted(ratelimitSize),
    ipRatelimitSize: fitted(ipRatelimitSize),
  };
  const mib = (octets: number): number => Math.floor(octets / MIB);
  const heap = `V8's heap of ${mib(heapOctets)} MiB (--max-old-space-size in NODE_OPTIONS)`;
  const made = `infra-cache-numhosts is ${sizes.infraCacheNumhosts}, ratelimit-size ${mib(sizes.ratelimitSize)}m and ip-ratelimit-size ${mib(sizes.ipRatelimitSize)}m`;
  const warning = `servers and rates need ${mib(wanted)} MiB, more than they may have of ${heap}: ${made}`;
  return { config: { ...config, server: { ...config.server, ...sizes } }, warning };
}

export function serverCacheOptions({ server }: Config): ServerCacheOptions {
  return {
    hostTtlSeconds: server.infraHostTtl,
    minTimeoutMs: server.infraCacheMinRtt,
    maxTimeoutMs: server.infraCacheMaxRtt,
    maxServers: server.infraCacheNumhosts,
    unknownTimeoutMs: server.unknownServerTimeLimit,
    keepProbing: server.infraKeepProbing,
  };
}

/** Options of serving; `anchorTexts` is what trustanchor.unbound is told. */
export function serveOptions(config: Config, host: HostFacts, anchorTexts: readonly string[]): ServeOptions {
  const { server } = config;
  return {
    access: server.accessControl.map(({ block, value }) => ({ ...block, action: value })),
    // Of several lines for one listening address the first counts, as in Unbound (for a netblock of access-control the last does).
    accessByListener: new Map(
      server.interfaceAction
        .toReversed()
        .flatMap(({ listen, value }) => listenKeys(listen, config, host).map((key) => [key, value] as const)),
    ),
    maxUdpOctets: server.maxUdpSize,
    ednsUdpSize: server.ednsBufferSize,
    minimalResponses: server.minimalResponses,
    roundRobin: server.rrsetRoundrobin,
    extendedErrors: server.ede,
    addsStaleEde: server.edeServeExpired,
    originalTtl: server.serveOriginalTtl,
    denyAny: server.denyAny,
    ignoreCd: server.ignoreCdFlag,
    permissive: server.valPermissiveMode,
    rootKeyTags: null,
    hardensShortSize: server.hardenShortBufsize,
    dropLargeQueries: server.hardenLargeQueries,
    discardTimeoutMs: server.discardTimeout,
    waitLimit: server.waitLimit,
    waitLimitNetblocks: server.waitLimitNetblock.map(({ block, value }) => ({ ...block, limit: value })),
    waitLimitCookie: server.waitLimitCookie,
    waitLimitCookieNetblocks: server.waitLimitCookieNetblock.map(({ block, value }) => ({ ...block, limit: value })),
    maxWaiting: server.numQueriesPerThread * WAITERS_PER_QUESTION,
    nsid: nsidOf(server.nsid),
    keepaliveMs: server.ednsTcpKeepalive ? server.ednsTcpKeepaliveTimeout : null,
    paddingBlock: server.padResponses ? server.padResponsesBlockSize : 0,
    chaos: {
      identity: server.hideIdentity ? null : server.identity || host.hostName,
      version: server.hideVersion ? null : server.version || host.programVersion,
      trustAnchors: server.hideTrustanchor ? null : anchorTexts,
    },
    logging: {
      queries: server.logQueries,
      replies: server.logReplies,
      failures: server.logServfail,
      tagged: server.logTagQueryreply,
      bogusLevel: server.valLogLevel,
      destination: server.logDestaddr,
    },
  };
}

/** `ascii_` and text, or hex. */
function nsidOf(text: string): Uint8Array | null {
  if (text === '') return null;
  return text.startsWith('ascii_') ? new TextEncoder().encode(text.slice('ascii_'.length)) : fromHex(text);
}

export function serverOptions(config: Config, host: HostFacts, tls: TlsServerOptions | null = null): ServerOptions {
  const { server } = config;
  const targets = listenTargets(config, host);
  const named = [...new Set(targets.map(({ kind, target }) => (kind === 'interface' ? target : null)))];
  const networkInterfaces = named.filter((name) => name !== null);
  return {
    interfaces: socketAddresses(targets, config, host),
    networkInterfaces: server.interfaceAutomatic ? [...networkInterfaces, ALL_INTERFACES] : networkInterfaces,
    missing: networkInterfaces.filter((name) => name !== ALL_INTERFACES && host.addressesOf(name).length === 0),
    waitsForAddresses: server.ipFreebind || server.ipTransparent,
    bindForeign: server.ipTransparent ? 'transparent' : server.ipFreebind ? 'freebind' : undefined,
    udp: server.doUdp,
    tcp: server.doTcp,
    hasFronts: server.numThreads > 1,
    // One process: nobody to share with, and a second daemon on the port must fail and not take half of the queries.
    reusePort: false,
    receiveBufferBytes: server.soRcvbuf,
    sendBufferBytes: server.soSndbuf,
    maxConnections: server.incomingNumTcp,
    connectionLimits: server.tcpConnectionLimit.map(({ block, value }) => ({ ...block, limit: value })),
    http: {
      endpoint: server.httpEndpoint,
      maxStreams: server.httpMaxStreams,
      queryBufferBytes: server.httpQueryBufferSize,
      replyBufferBytes: server.httpResponseBufferSize,
      noDelay: server.httpNodelay,
    },
    kindOfPort: (port) => kindOfPort(server, port),
    proxies: server.proxyProtocolFrom,
    tls,
    tcpIdleMs: server.tcpIdleTimeout,
  };
}

/** The addresses of a value of the interface-* directives, as `ip@port`. */
export function listenKeys(
  { kind, target, port }: ListenTarget,
  { server }: Config,
  host: HostFacts,
): readonly string[] {
  const ips = kind === 'interface' ? host.addressesOf(target) : [target];
  return ips.map((ip) => listenKey({ ip: ip.replace(ZONE, ''), port: port ?? server.port }));
}

/** The zone of a link-local address: sockets tell their addresses without it. */
const ZONE = /%.*$/;
/** What the addresses of interface-automatic are found at. */
const ALL_INTERFACES = '*';

function listenTargets({ server }: Config, host: HostFacts): readonly ListenTarget[] {
  const targets = server.interfaceAutomatic ? allTargets(server, host) : server.interface;
  return targets.length > 0 ? targets : LOCALHOST;
}

function kindOfPort(server: Config['server'], port: number): Pick<ListenAddress, 'protocol' | 'isProxied'> {
  const protocol = protocolAt(server, port);
  const isProxied = server.proxyProtocolPort.includes(port);
  return { ...(protocol === 'plain' ? {} : { protocol }), ...(isProxied ? { isProxied } : {}) };
}

function socketAddresses(targets: readonly ListenTarget[], { server }: Config, host: HostFacts): ListenAddress[] {
  const seen = new Map<string, ListenAddress>();
  for (const { kind, target, port } of targets) {
    for (const ip of kind === 'interface' ? host.addressesOf(target) : [target]) {
      const isFour = parseIp(ip)?.length === 4;
      if (isFour ? !server.doIp4 : !server.doIp6) continue;
      const from = kind === 'interface' ? target : server.interfaceAutomatic ? ALL_INTERFACES : null;
      const address = { ip, port: port ?? server.port, ...kindOfPort(server, port ?? server.port) };
      seen.set(`${ip}@${address.port}`, from === null ? address : { ...address, from });
    }
  }
  return [...seen.values()];
}

/**
 * Each address of the host by itself, so that replies come from the address that was asked: a socket for all of them could
 * not say so. Link-local addresses (fe80::) are usable only with their zone.
 */
function allTargets(server: Config['server'], host: HostFacts): ListenTarget[] {
  const ports = automaticPorts(server);
  const ips = (host.allAddresses?.() ?? []).filter((ip) => !/^fe[89ab][^%]*$/i.test(ip));
  return ips.flatMap((target) =>
    (ports.length > 0 ? ports : [null]).map((port) => ({ kind: 'address', target, port }) as const),
  );
}

const LOCALHOST: readonly ListenTarget[] = [
  { kind: 'address', target: '127.0.0.1', port: null },
  { kind: 'address', target: '::1', port: null },
];
