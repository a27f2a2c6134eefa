/**
 * The servers of one zone cut while one question is asked of them, and where to start for a name.
 *
 * Duties: candidates out of hints, configuration or a cached delegation; addresses known from the RRset cache; delegations
 * that cannot be used (no addresses, and all names inside the zone itself); where a question for DS starts.
 * Leaves to others: looking addresses up (target-addresses.ts), choosing (server-selection.ts).
 */

import type { DelegatedServer, Delegation } from '../cache/delegation.ts';
import type { DelegationCache } from '../cache/delegation-cache.ts';
import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { CancelTimer, Clock } from '../ports/clock.ts';
import { RANK } from '../terms/rank.ts';
import { closestUpstreamZone, type UpstreamZone, type ZoneCopies, type ZoneCopy } from '../terms/upstream-zone.ts';
import type { DelegationSource } from '../trace/events.ts';
import { DNS_PORT } from '../wire/address-text.ts';
import { ipText } from '../wire/ip.ts';
import { isAtOrBelow, isRoot, type Name, namesEqual, parentOf, ROOT } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf } from '../wire/rrset.ts';
import { shorten } from '../wire/shorten.ts';
import type { AddressRules, ServerAddress } from './address-rules.ts';
import { MAX_ADDRESSES_PER_SET, MAX_ADDRESSES_PER_ZONE } from './message-bounds.ts';
import type { IterateOptions } from './options.ts';
import { ServerFailures } from './server-failures.ts';
import { type Candidate, candidateOf } from './server-selection.ts';

/** Where at its address a server listens, and the name that its certificate must hold. */
interface TargetEndpoint {
  readonly port: number;
  readonly tlsName: string | null;
}

const PLAIN: TargetEndpoint = { port: DNS_PORT, tlsName: null };
const NO_TARGETS: Target[] = [];

/** A server name of a zone. */
export interface Target extends TargetEndpoint {
  readonly name: Name;
  hasAddress: boolean;
  /** Whether its addresses of a family have been asked for in this resolution, or are known not to be there. */
  isIp4LookedUp: boolean;
  isIp6LookedUp: boolean;
  /** A look-up is under way. */
  isRunning: boolean;
  /** Asking for its addresses ended in a limit or a circle: no other type would fare better. */
  isHopeless: boolean;
}

/** What is fixed about the servers of a zone. */
interface DelegationPointParts {
  readonly zone: Name;
  readonly source: DelegationSource;
  /** Unix seconds until when the delegation holds; Infinity for configured ones. Bounds delegations below it. */
  readonly expiresAt: number;
  readonly hasDs: boolean;
  readonly configured: UpstreamZone | null;
  readonly addressRules: AddressRules;
  /** Asked in place of servers. */
  readonly copy?: ZoneCopy;
}

/** The servers of a zone, for one question (Unbound: delegation point). */
export class DelegationPoint {
  readonly zone: Name;
  readonly source: DelegationSource;
  readonly expiresAt: number;
  readonly hasDs: boolean;
  readonly configured: UpstreamZone | null;
  readonly copy: ZoneCopy | null;
  #targets: Target[] = NO_TARGETS;
  /** Servers that came with addresses, which are candidates, until somebody looks at their names as targets. */
  #given: readonly DelegatedServer[] | null = null;
  candidates: Candidate[] = [];
  /** Address look-ups that are under way. */
  readonly running: Promise<void>[] = [];
  /** Address look-ups made so far. */
  lookups = 0;
  /** How servers failed. */
  readonly failures = new ServerFailures();
  /** A server name turned out not to exist after the budget for such names was used up. */
  hasTooManyNxdomains = false;
  /** Monotonic ms until which a server that was silent waits for look-ups; null: it has not had to yet. */
  silentWaitUntilMs: number | null = null;
  /** Addresses that there were too many of. */
  refusedAddresses = 0;
  readonly #addressRules: AddressRules;
  #stopLookingAhead: CancelTimer | null = null;

  constructor(parts: DelegationPointParts) {
    this.zone = parts.zone;
    this.source = parts.source;
    this.expiresAt = parts.expiresAt;
    this.hasDs = parts.hasDs;
    this.configured = parts.configured;
    this.copy = parts.copy ?? null;
    this.#addressRules = parts.addressRules;
  }

  /** Keeps what stops address look-ups from being started while a server is slow; null: there are none to start. */
  noteLookingAhead(stop: CancelTimer | null): void {
    this.#stopLookingAhead = stop;
  }

  stopLookingAhead(): void {
    if (this.#stopLookingAhead === null) return;
    this.#stopLookingAhead();
    this.#stopLookingAhead = null;
  }

  /** Server names. */
  get targets(): readonly Target[] {
    if (this.#given !== null) {
      this.#targets = this.#given.map(({ name }) => targetOf(name, true, PLAIN));
      this.#given = null;
    }
    return this.#targets;
  }

  /** True when there is an address for each server name, which may be of no use. */
  get knowsAllAddresses(): boolean {
    if (this.#given !== null) return true;
    for (const { hasAddress } of this.#targets) if (!hasAddress) return false;
    return true;
  }

  /** How many servers are known, by name or by address. */
  get knownServers(): number {
    return Math.max((this.#given ?? this.#targets).length, this.candidates.length);
  }

  /** True when the servers recurse for us. */
  get isForward(): boolean {
    return this.configured?.kind === 'forward';
  }

  /** The servers of a delegation, each with addresses, before any other is added. */
  addGiven(servers: readonly DelegatedServer[]): void {
    this.#given = servers;
    let count = 0;
    for (const { addresses } of servers) count += addresses.length;
    // A list that grows takes room for more than most zones have.
    this.candidates = new Array<Candidate>(count);
    let kept = 0;
    for (const { addresses } of servers)
      for (const ip of addresses) kept = this.#putAddress(this.#addressRules.at(ip), null, kept);
    shorten(this.candidates, kept);
  }

  /** Adds a server name with addresses (canonical text); a known name is left as it is. */
  addTarget(name: Name, addresses: readonly string[], endpoint: TargetEndpoint = PLAIN): void {
    for (const target of this.targets) if (namesEqual(target.name, name)) return;
    if (this.#targets === NO_TARGETS) this.#targets = [];
    this.#targets.push(targetOf(name, addresses.length > 0, endpoint));
    for (const ip of addresses) this.addAddress(ip, endpoint);
  }

  /** Adds an address once; those that strangers give only up to a bound. */
  addAddress(ip: string, { port, tlsName }: TargetEndpoint = PLAIN): void {
    this.#putAddress(this.#addressRules.at(ip, port), tlsName, this.candidates.length);
  }

  /** Puts it behind the first so many candidates; how many there are then. */
  #putAddress(at: ServerAddress, tlsName: string | null, count: number): number {
    const { candidates } = this;
    for (let i = 0; i < count; i++) if (candidates[i]?.key === at.key) return count;
    const isOurOwn = this.configured !== null || this.source === 'hints';
    if (!isOurOwn && count >= MAX_ADDRESSES_PER_ZONE) {
      this.refusedAddresses++;
      return count;
    }
    candidates[count] = candidateOf(at, tlsName);
    return count + 1;
  }
}

function targetOf(name: Name, hasAddress: boolean, { port, tlsName }: TargetEndpoint): Target {
  return {
    name,
    port,
    tlsName,
    hasAddress,
    isIp4LookedUp: false,
    isIp6LookedUp: false,
    isRunning: false,
    isHopeless: false,
  };
}

/** What the start depends on. */
interface StartParts {
  readonly clock: Clock;
  readonly delegations: DelegationCache;
  readonly rrsets: RRsetCache;
  readonly options: IterateOptions;
  readonly addressRules: AddressRules;
  readonly copies?: ZoneCopies;
}

/** What servers that no parent names are made of. */
type HintParts = Pick<StartParts, 'options' | 'addressRules'>;

/** What is passed over. */
interface StartOptions {
  readonly ignored: ReadonlySet<UpstreamZone>;
  /** Servers and copies whose data was bad. */
  readonly avoid: ReadonlySet<string>;
  /** Delegations must hold for so many seconds more. */
  readonly expiryMarginSeconds: number;
}

const NO_ZONES: ReadonlySet<UpstreamZone> = new Set();

/** Where to start: servers, or the need to learn a zone's own servers first. */
export type Start =
  | { readonly kind: 'servers'; readonly servers: DelegationPoint }
  | { readonly kind: 'prime'; readonly zone: Name };

/** The deepest place known to start asking from. */
export function startFor(question: Question, parts: StartParts, rules: StartOptions): Start {
  const { ignored, avoid, expiryMarginSeconds } = rules;
  const { options, delegations } = parts;
  // RFC 4035 §3.1.4.1: DS belongs to the parent side of the cut.
  const name = question.type === TYPE.DS ? parentOf(question.name) : question.name;
  const configured = closestUpstreamZone(options.configuredZones, name, ignored);
  const copy = parts.copies?.closest(name, avoid) ?? null;
  const isCopyDeepest = copy !== null && (configured === null || copy.zone.length >= configured.zone.length);
  if (!isCopyDeepest && configured?.kind === 'forward')
    return { kind: 'servers', servers: serversOfConfigured(configured, parts) };
  const cached = deepestUsable(name, parts, expiryMarginSeconds);
  if (isCopyDeepest && (cached === null || copy.zone.length >= cached.zone.length)) {
    return { kind: 'servers', servers: serversOfCopy(copy, parts) };
  }
  if (configured !== null && (cached === null || configured.zone.length >= cached.zone.length)) {
    const primed = configured.prime ? delegations.find(configured.zone) : null;
    if (primed !== null) return { kind: 'servers', servers: serversOfDelegation(primed, parts) };
    const isPriming = isNsQuestion(question, configured.zone);
    // Servers configured for the root take the place of the hints: the root is primed once all the same, as Unbound does.
    const needsPriming = configured.prime || (isRoot(configured.zone) && cached === null);
    if (needsPriming && !isPriming && !isForwarded(configured.zone, options))
      return { kind: 'prime', zone: configured.zone };
    return { kind: 'servers', servers: serversOfConfigured(configured, parts) };
  }
  if (cached !== null) {
    return { kind: 'servers', servers: serversOfDelegation(cached, parts, 'cache') };
  }
  return isNsQuestion(question, ROOT) || isForwarded(ROOT, options)
    ? { kind: 'servers', servers: serversOfHints(parts) }
    : { kind: 'prime', zone: ROOT };
}

/**
 * True when the question that primes a zone would go to a forwarder. Who starts at the zone's servers all the same has met
 * that forwarder's failure (forward-first) and must not wait for it again.
 */
function isForwarded(zone: Name, { configuredZones }: IterateOptions): boolean {
  return closestUpstreamZone(configuredZones, zone, NO_ZONES)?.kind === 'forward';
}

/** True for the question that primes a zone. */
export function isNsQuestion(question: Question, zone: Name): boolean {
  return question.type === TYPE.NS && namesEqual(question.name, zone);
}

/** The deepest cached delegation that can be used; one that needs itself to find its servers is passed over. */
function deepestUsable(name: Name, parts: StartParts, expiryMarginSeconds: number): Delegation | null {
  const { delegations, rrsets } = parts;
  let cut = delegations.findDeepest(name);
  while (cut !== null && !isRoot(cut.zone) && (isUseless(cut, rrsets) || isEnding(cut, parts, expiryMarginSeconds))) {
    cut = delegations.findDeepest(parentOf(cut.zone));
  }
  return cut;
}

/** True when the delegation, or what the zone itself says of its servers, ends within so many seconds. */
function isEnding(cut: Delegation, { rrsets, clock }: StartParts, expiryMarginSeconds: number): boolean {
  if (expiryMarginSeconds === 0) return false;
  const latest = clock.unixSeconds() + expiryMarginSeconds;
  const own = rrsets.findStale(cut.zone, TYPE.NS, CLASS.IN);
  return Math.min(cut.expiresAt, own?.expiresAt ?? cut.expiresAt) <= latest;
}

/** True when no address of any server is known and every name lies inside the zone. */
function isUseless(cut: Delegation, rrsets: RRsetCache): boolean {
  return cut.servers.every(
    (server) =>
      server.addresses.length === 0 &&
      isAtOrBelow(server.name, cut.zone) &&
      knownAddresses(server.name, rrsets).length === 0,
  );
}

/** Addresses of a name in the RRset cache, of rank `atLeast` and better: good enough to find a server. Canonical text. */
export function knownAddresses(name: Name, rrsets: RRsetCache, atLeast = 0): string[] {
  return [TYPE.A, TYPE.AAAA].flatMap((type) => {
    const ranked = rrsets.find(name, type, CLASS.IN);
    return ranked === null || ranked.rank < atLeast || ranked.verdict?.status === 'bogus'
      ? []
      : firstRdatasOf(ranked.rrset, MAX_ADDRESSES_PER_SET).map(ipText);
  });
}

/** Servers of a delegation; what came with it goes before what is cached. */
export function serversOfDelegation(
  cut: Delegation,
  { rrsets, options, addressRules }: StartParts,
  source = cut.source,
): DelegationPoint {
  const { zone, expiresAt, hasDs } = cut;
  const servers = new DelegationPoint({ zone, source, expiresAt, hasDs, configured: null, addressRules });
  const isGlueEnough = !options.hardenUnverifiedGlue || source === 'priming';
  if (isGlueEnough && haveAddresses(cut.servers)) {
    servers.addGiven(cut.servers);
    return servers;
  }
  for (const { name, addresses } of cut.servers) {
    const isUnverified = !isGlueEnough && !isAtOrBelow(name, zone);
    const known = isUnverified ? [] : addresses;
    const atLeast = isUnverified ? RANK.answerAuthoritative : 0;
    servers.addTarget(name, known.length > 0 ? known : knownAddresses(name, rrsets, atLeast));
  }
  return servers;
}

function haveAddresses(servers: readonly DelegatedServer[]): boolean {
  for (const { addresses } of servers) if (addresses.length === 0) return false;
  return true;
}

/** Where priming gave nothing, the servers that it began at are all there is: nobody else may hear of a stub zone's names. */
export function serversUnprimed(zone: Name, parts: HintParts, ignored: ReadonlySet<UpstreamZone>): DelegationPoint {
  const isOwn = (each: UpstreamZone): boolean => each.kind === 'stub' && namesEqual(each.zone, zone);
  const stub = parts.options.configuredZones.find((each) => isOwn(each) && !ignored.has(each));
  return stub === undefined ? serversOfHints(parts) : serversOfConfigured(stub, parts);
}

/** Servers of the hints (RFC 9609 §2). */
export function serversOfHints({ options, addressRules }: HintParts): DelegationPoint {
  const servers = new DelegationPoint({
    zone: ROOT,
    source: 'hints',
    expiresAt: Number.POSITIVE_INFINITY,
    hasDs: false,
    configured: null,
    addressRules,
  });
  for (const hint of options.hints) servers.addTarget(hint.name, hint.addresses);
  return servers;
}

function serversOfCopy(copy: ZoneCopy, { addressRules }: HintParts): DelegationPoint {
  const expiresAt = Number.POSITIVE_INFINITY;
  const source = 'auth-zone';
  return new DelegationPoint({
    zone: copy.zone,
    source,
    expiresAt,
    hasDs: false,
    configured: null,
    addressRules,
    copy,
  });
}

function serversOfConfigured(configured: UpstreamZone, { addressRules }: HintParts): DelegationPoint {
  const servers = new DelegationPoint({
    zone: configured.zone,
    source: configured.kind,
    expiresAt: Number.POSITIVE_INFINITY,
    hasDs: false,
    configured,
    addressRules,
  });
  for (const { ip, ...place } of configured.addresses) servers.addAddress(ip, place);
  for (const { name, ...place } of configured.hosts) servers.addTarget(name, [], place);
  return servers;
}
