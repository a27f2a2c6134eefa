/** The policy of a configuration, joined to the caches and the resolver that it asks for the servers of zones. */

import type { RRsetCache } from '../cache/rrset-cache.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import { lanZones } from '../policy/default-zones.ts';
import { makePolicyInPieces } from '../policy/make-policy.ts';
import type { Policy } from '../policy/policy.ts';
import type { ServersOf } from '../policy/response-policy.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import { DEFAULT_ACCESS } from '../serve/access-control.ts';
import type { Counters } from '../trace/counters.ts';
import { ipText } from '../wire/ip.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetType } from '../wire/rrset.ts';
import type { Steps } from '../wire/steps.ts';
import type { InForce } from './in-force.ts';
import { type HostFacts, listenKeys } from './options/rooms.ts';

interface PolicyParts {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly counters: Pick<Counters, 'add'>;
  readonly inForce: InForce;
  readonly host: HostFacts;
}

/** The policy, with a warning for each line that cannot be used. */
export function* joinPolicy(
  config: Config,
  parts: PolicyParts,
): Steps<{ readonly policy: Policy; readonly warnings: readonly Finding[] }> {
  const { clock, log, counters } = parts;
  const given = config.server.accessControl.map(({ block }) => block);
  const { policy, problems } = yield* makePolicyInPieces({
    config,
    clock,
    log,
    counters,
    accessBlocks: given,
    defaultBlocks: DEFAULT_ACCESS,
    listenKeys: (listen) => listenKeys(listen, config, parts.host),
    serversOf: (name, zone) => serversOf(name, zone, parts),
  });
  const warnings = problems.map((text): Finding => ({ file: '', line: 0, severity: 'warning', text }));
  return { policy, warnings };
}

/**
 * domain-insecure, and the private zones that insecure-lan-zones adds to it, without those that have an anchor of their own: as
 * in Unbound, who configures keys for a zone wants them checked. `anchored` are the zones of configured anchors.
 */
export function insecureNames(
  { server }: Config,
  anchored: readonly Name[] = [],
  findings: Finding[] = [],
): readonly Name[] {
  const keys = new Set(anchored.map(nameKey));
  for (const name of server.domainInsecure) {
    if (!keys.has(nameKey(name))) continue;
    const text = `domain-insecure: ${formatName(name)} has no effect: there is a trust anchor for it`;
    findings.push({ file: '', line: 0, severity: 'warning', text });
  }
  const names = server.insecureLanZones ? [...server.domainInsecure, ...lanZones()] : server.domainInsecure;
  return names.filter((name) => !keys.has(nameKey(name)));
}

/** Servers of the zone that an answer came from, or that the name is in: as known, else asked for. */
async function serversOf(name: Name, zone: Name | null, parts: PolicyParts): Promise<ServersOf> {
  const { resolver, caches } = parts.inForce;
  const { delegations, rrsets } = caches;
  const cut = zone === null ? delegations.findDeepest(name) : delegations.find(zone);
  if (cut !== null) {
    const names = cut.servers.map((server) => server.name);
    const addresses = cut.servers.flatMap((server) => server.addresses);
    return { names, addresses: [...addresses, ...knownAddresses(names, rrsets)] };
  }
  if (zone === null) return { names: [], addresses: [] };
  const resolution = await resolver.resolve({ name: zone, type: TYPE.NS, class: CLASS.IN });
  const answer = resolution.kind === 'answered' ? resolution.answer : [];
  const names = answer.flatMap(({ rrset }) =>
    rrsetType(rrset) === TYPE.NS ? rdatasOf(rrset).flatMap((rdata) => readTargetName(rdata) ?? []) : [],
  );
  return { names, addresses: knownAddresses(names, rrsets) };
}

function knownAddresses(names: readonly Name[], rrsets: RRsetCache): string[] {
  return names.flatMap((name) =>
    [TYPE.A, TYPE.AAAA].flatMap((type) => {
      const ranked = rrsets.find(name, type, CLASS.IN);
      return ranked === null ? [] : rdatasOf(ranked.rrset).map(ipText);
    }),
  );
}
