/**
 * The zones that are kept as a local copy, out of the configuration (`auth-zone`, `rpz`), and what the zones room asks of the others.
 *
 * Leaves to others: the zones themselves (zones/zone-store.ts), policy out of `rpz` zones.
 */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { Policy } from '../policy/policy.ts';
import type { Ports } from '../ports/ports.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { failureText } from '../terms/failure-text.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { verdictText } from '../terms/verdict-text.ts';
import type { Counters } from '../trace/counters.ts';
import type { TrustAnchors } from '../validate/trust-anchors.ts';
import { ipText } from '../wire/ip.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import { runInTurns } from '../wire/steps.ts';
import type { ZoneAnchor } from '../zones/check-zone.ts';
import type { Zone } from '../zones/zone.ts';
import type { ZoneOptions } from '../zones/zone-options.ts';
import { type ZoneProblem, ZoneStore } from '../zones/zone-store.ts';
import type { InForce } from './in-force.ts';
import { zoneCheckOptions, zoneOptions } from './options/zones.ts';

/** What zones are made with, but for the resolver that looks things up. */
interface StoreParts {
  readonly config: Config;
  readonly ports: Ports;
  readonly anchors: TrustAnchors;
  readonly counters: Counters;
  readonly report: (error: unknown) => void;
  readonly inForce: InForce;
  /** The store before a reload: zone files that have not changed since are not read again. */
  readonly zonesBefore: ZoneStore | null;
}

/** The store with all zones, their files read, others having their turn meanwhile; nothing is transferred yet. */
export async function makeZoneStore(parts: StoreParts, findings: Finding[]): Promise<ZoneStore> {
  const { config, ports, anchors, counters, report, inForce, zonesBefore } = parts;
  const { tlsCertBundle, zonemdPermissiveMode: permissive } = config.server;
  const bundle = tlsCertBundle === '' ? null : ports.files.readText(absolutePath(config, tlsCertBundle));
  const store = new ZoneStore(zoneOptions(config), {
    ...ports,
    counters,
    report,
    permissive,
    pathOf: (name) => absolutePath(config, name),
    authorities: bundle?.ok === true ? bundle.value : null,
    lookUpHost: (host) => lookUpHost(inForce.resolver, host),
    findAnchor: (zone) => findZoneAnchor(inForce.resolver, anchors, zone),
    rules: zoneCheckOptions(config),
  });
  findings.push(...zoneFindings(await runInTurns(store.loadSteps(zonesBefore), ports.clock)));
  return store;
}

/** Gives a new state of a zone to policy, where it is one of its zones (`rpz`). Ends when that is in force. */
export async function takePolicyZone(policy: Policy, { name }: ZoneOptions, zone: Zone): Promise<void> {
  for (const rpz of policy.rpz.zones) {
    if (namesEqual(rpz.options.name, name)) await policy.loadPolicyZone(rpz, zone.unsortedRecords());
  }
}

/** Problems of zone files as findings. */
function zoneFindings(problems: readonly ZoneProblem[]): Finding[] {
  return problems.map(({ zone, path, line, text, isFatal }) => ({
    file: path,
    line,
    severity: isFatal ? 'error' : 'warning',
    text: `auth-zone ${zone} zonefile ${path}: ${text}`,
  }));
}

/** Addresses of a host that a zone is to come from. What is bogus or cannot be validated is not used (CVE-2026-50248). */
async function lookUpHost(resolver: Resolver, host: Name): Promise<readonly string[]> {
  const found: string[] = [];
  for (const type of [TYPE.A, TYPE.AAAA]) {
    const resolution = await resolver.resolve({ name: host, type, class: CLASS.IN });
    if (resolution.kind === 'failed') continue;
    const status = resolution.verdict?.status;
    if (status !== 'secure' && status !== 'insecure') continue;
    const sets = resolution.answer.filter(({ rrset }) => rrsetType(rrset) === type);
    found.push(...sets.flatMap(({ rrset }) => rdatasOf(rrset).map(ipText)));
  }
  return found;
}

/** What is trusted of a zone's keys: an anchor of its own, or the DS that its parent's signatures prove. */
async function findZoneAnchor(resolver: Resolver, anchors: TrustAnchors, zone: Name): Promise<ZoneAnchor> {
  const anchor = anchors.closest(zone);
  if (anchor === null || anchor.kind === 'negative') return { kind: 'insecure' };
  if (namesEqual(anchor.zone, zone)) return { kind: 'signed', ds: anchor.ds, dnskeys: anchor.dnskeys };
  const resolution = await resolver.resolve({ name: zone, type: TYPE.DS, class: CLASS.IN });
  if (resolution.kind === 'failed') return { kind: 'unknown', why: failureText(resolution.why) };
  const { verdict, answer } = resolution;
  if (verdict?.status === 'insecure') return { kind: 'insecure' };
  if (verdict?.status !== 'secure') {
    return { kind: 'unknown', why: verdict === null ? 'not validated' : verdictText(verdict) };
  }
  const isDs = ({ rrset }: RankedRRset) => rrsetType(rrset) === TYPE.DS && namesEqual(rrsetOwner(rrset), zone);
  const ds = answer.filter(isDs).flatMap(({ rrset }) => rdatasOf(rrset));
  // A secure alias in place of the DS says nothing of the zone, and the DS of its target speaks of another.
  if (ds.length === 0 && answer.length > 0) return { kind: 'unknown', why: 'an alias stands at the name of the zone' };
  // The denial of the DS was proven: RFC 4035 §5.2, the zone is unsigned to us.
  return ds.length === 0 ? { kind: 'insecure' } : { kind: 'signed', ds, dnskeys: [] };
}
