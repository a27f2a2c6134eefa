/**
 * What configuration says to iteration: its own small type, so that lower rooms never see the whole configuration.
 * Units are in the names; defaults are those of Unbound 1.26.1, with the reason beside each.
 */

import type { EncryptionMemory } from '../cache/encrypted-servers.ts';
import type { TlsClientOptions } from '../ports/network.ts';
import type { UpstreamZone } from '../terms/upstream-zone.ts';
import type { IpPrefix } from '../wire/ip-prefix.ts';
import type { Name } from '../wire/name.ts';
import type { Hint } from './root-hints.ts';
import type { StreamOptions } from './upstream-streams.ts';

/** How a server is asked. `udp` includes TCP for what is truncated. */
export type UpstreamTransport = 'udp' | 'tcp' | 'tls';

/** QNAME minimisation (RFC 9156): off, relaxed (falls back to the full name), or strict (believes every reply). */
export type Minimisation = 'off' | 'relaxed' | 'strict';

export interface OpportunisticTlsOptions extends EncryptionMemory {
  /** How long an answer over TLS is waited for, ms: who has given none by then takes no TLS (RFC 9539 §4.3). */
  readonly timeoutMs: number;
  /** Connections open at a time, beside those of `outgoing-num-tcp`. */
  readonly maxConnections: number;
}

export interface IterateOptions {
  /** Root servers to start from (`root-hints`). */
  readonly hints: readonly Hint[];
  readonly configuredZones: readonly UpstreamZone[];
  readonly minimisation: Minimisation;
  /** `edns-buffer-size`: largest UDP answer asked for, octets; bounds 512 to 4096. 1232 avoids fragments (RFC 9715). */
  readonly ednsBufferOctets: number;
  /** `do-ip4`, `do-ip6`: which families are used towards servers. */
  readonly useIp4: boolean;
  readonly useIp6: boolean;
  /** `prefer-ip4`, `prefer-ip6`. */
  readonly preferFamily: 'none' | 'ip4' | 'ip6';
  /** `do-udp: no` or `tcp-upstream: yes`: every question goes over TCP. `tls-upstream: yes`: over TLS. */
  readonly transport: UpstreamTransport;
  /** `do-tcp: no`: truncated answers cannot be fetched whole. */
  readonly useTcp: boolean;
  /** `outgoing-interface`: local addresses to send from, or blocks of them; empty: the system's choice. Scope: `%eth0` or ''. */
  readonly outgoingAddresses: readonly { readonly prefix: IpPrefix; readonly scope: string }[];
  /** UDP source ports to choose from (`outgoing-port-permit`, `-avoid`); null: the system's choice, which is random. */
  readonly outgoingPorts: readonly number[] | null;
  /** `udp-connect`: sockets are connected, so that refusals arrive and other senders are not heard. */
  readonly connectUdp: boolean;
  /** `delay-close`: how long a socket without an answer stays open for one that comes late, ms; it keeps its place meanwhile. */
  readonly delayCloseMs: number;
  /** `outgoing-range`: UDP sockets that may be open. */
  readonly maxSockets: number;
  /** Connections to servers. */
  readonly streams: StreamOptions;
  /** `opportunistic-tls`: authoritative servers are asked over TLS where they take it (RFC 9539); null: they are not. */
  readonly opportunisticTls: OpportunisticTlsOptions | null;
  /** `tls-cert-bundle`, `tls-system-cert`: PEM text of authorities; null: those that come with the program. */
  readonly tlsAuthorities: string | null;
  /** `tls-use-sni`: the name of a server goes along when a connection is made. */
  readonly tlsSendsName: boolean;
  /** `tls-protocols`: least and greatest version of TLS. */
  readonly tlsVersions: Required<Pick<TlsClientOptions, 'minVersion' | 'maxVersion'>>;
  /** `pad-queries`, `pad-queries-block-size`: queries over TLS are multiples of this, octets; 0: not padded (RFC 8467). */
  readonly paddingBlockOctets: number;
  /** DNS cookies go along and are checked (RFC 7873). Unbound has none towards servers; forging gets much harder. */
  readonly sendCookies: boolean;
  /** `edns-client-string`: text for the servers of a netblock. */
  readonly clientStrings: readonly { readonly prefix: IpPrefix; readonly text: Uint8Array }[];
  /** `edns-client-string-opcode`. */
  readonly clientStringCode: number;
  /** Servers are asked for signatures (DO); not with `disable-edns-do`, where nothing can be validated. */
  readonly wantsSignatures: boolean;
  /** `do-nat64`, `nat64-prefix`: IPv4 servers are reached through it; null: directly. */
  readonly nat64Prefix: IpPrefix | null;
  /** `do-not-query-address` and, for `do-not-query-localhost: yes`, 127/8 and ::1. */
  readonly doNotQuery: readonly IpPrefix[];
  /**
   * `target-fetch-policy`: per depth of address look-ups, how many server names are looked up ahead, while others are asked;
   * -1: all, 0: none before all others have failed. As many depths as values are gone down.
   */
  readonly targetFetchPolicy: readonly number[];
  /** `use-caps-for-id`: letters of the name in random case (0x20), with fallback to TCP. */
  readonly useCapsForId: boolean;
  /** `caps-exempt`: zones at and below which 0x20 is not used. */
  readonly capsExempt: readonly Name[];
  /** `disable-dnssec-lame-check`: servers without signatures are believed as they come. */
  readonly ignoreDnssecLame: boolean;
  /** `fast-server-permil`, `fast-server-num`: of 1000 questions, so many go to one of the so many fastest servers. */
  readonly fastServers: { readonly permil: number; readonly count: number };
  /** `tcp-auth-query-timeout`: how long a TCP question may take, ms. */
  readonly tcpTimeoutMs: number;
  /** `outbound-msg-retry`: attempts per server address and question. */
  readonly attemptsPerServer: number;
  /** `max-sent-count`: packets per question, counted anew after each referral. */
  readonly maxSentCount: number;
  /**
   * Referrals followed for one question; 1 and more. Unbound's MAX_REFERRAL_COUNT (130) lets one hostile question cost as many
   * packets as its name has labels; no honest name has more than a dozen cuts. Counter `limit.referrals`.
   */
  readonly maxReferrals: number;
  /**
   * Servers of one delegation that may fail one question (silent, lame, broken) before it gives up, where it has more than
   * thirteen addresses: else each may. 2 and more. The next question goes to those that were not asked. Counter
   * `limit.failed-servers`.
   */
  readonly maxFailedServers: number;
  /**
   * Questions of one iterative query that may be of no use, all its delegations together; 10 and more: a line that loses half of the
   * packets costs an honest name about six. Counter `limit.failed-queries`.
   */
  readonly maxFailedQueries: number;
  /**
   * Questions that look-ups of server addresses may send for one delegation, all that they cause in turn included (NXNSAttack,
   * chains of delegations without glue); 4 and more: a name below a top-level domain that is not known yet costs three.
   * Counter `limit.address-queries`.
   */
  readonly maxAddressQueries: number;
  /**
   * How long a server that was asked may be silent before other server names are looked up, ms; and how long a look-up may
   * take before more of them start. Above most round trip times, so that who answers costs no look-up.
   */
  readonly lookAheadAfterMs: number;
  /** Address look-ups for one delegation (NXNSAttack). Unbound MAX_DP_TARGET_COUNT. */
  readonly maxTargetLookupsPerDelegation: number;
  /** `iter-scrub-ns`: NS records kept of one set (NRDelegation, CVE-2022-3204). */
  readonly maxNsRecords: number;
  /** `iter-scrub-cname`: aliases kept of one response. */
  readonly maxAliasesPerResponse: number;
  /** `iter-scrub-rrsig`: signatures kept of one RRset (KeyTrap). */
  readonly maxSignaturesPerRRset: number;
  /** `iter-scrub-promiscuous`: NS sets beside an answer are dropped (CVE-2025-40778). */
  readonly scrubPromiscuous: boolean;
  /** `harden-glue`: glue must be inside the zone of the server that gives it. */
  readonly hardenGlue: boolean;
  /** `harden-unverified-glue`: glue of a name outside the delegated zone is looked up before it is used. */
  readonly hardenUnverifiedGlue: boolean;
  /** `harden-unknown-additional`: only known types in authority and additional. */
  readonly hardenUnknownAdditional: boolean;
  /** `private-address`: such addresses are dropped out of answers (DNS rebinding). */
  readonly privateAddresses: readonly IpPrefix[];
  /** `private-domain`: zones that may hold private addresses. */
  readonly privateDomains: readonly Name[];
  /** `cache-max-ttl`, `cache-min-ttl`, seconds. */
  readonly maxTtl: number;
  readonly minTtl: number;
  /** `cache-max-negative-ttl`, `cache-min-negative-ttl`, seconds (RFC 2308 §5). */
  readonly maxNegativeTtl: number;
  readonly minNegativeTtl: number;
}

/** The bounds that no directive sets. */
export const ITERATE_LIMITS = {
  maxReferrals: 24,
  maxFailedServers: 6,
  /** Who wants more attempts for each server (`outbound-msg-retry`) gets them. */
  maxFailedQueries: 24,
  maxAddressQueries: 14,
  lookAheadAfterMs: 200,
  maxTargetLookupsPerDelegation: 16,
} as const;
