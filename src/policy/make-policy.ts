/**
 * Makes the policy of a configuration.
 *
 * Duties: read the policy directives (local zones, tags, views, response rules) into the objects of this room; name what
 * cannot be used, with the words of the directive.
 * Leaves to others: the form of directives (config), what the rules do.
 */

import type { Config, ViewConfig } from '../config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Counters } from '../trace/counters.ts';
import { parseIp, reverseName } from '../wire/ip.ts';
import type { Name } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { PrefixMap } from '../wire/prefix-map.ts';
import { parseRecord } from '../wire/record-text.ts';
import { CLASS } from '../wire/rr-type.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { eachInPieces, runAtOnce, type Steps } from '../wire/steps.ts';
import { addDefaultZones } from './default-zones.ts';
import { type Dns64Options, readPrefix } from './dns64.ts';
import { addData } from './local-data.ts';
import type { ZoneType } from './local-zone.ts';
import { LOCAL_DATA_TTL_SECONDS, LocalZones } from './local-zones.ts';
import { type MakeClientsParts, makeClients } from './make-clients.ts';
import { makeRpzZones } from './make-rpz.ts';
import { NameFilter } from './name-filter.ts';
import { Policy } from './policy.ts';
import { TOO_MANY } from './record-sets.ts';
import { ResponsePolicy, type ResponsePolicyParts } from './response-policy.ts';
import { ResponseRules } from './response-rules.ts';
import { Rpz } from './rpz.ts';
import { Tags } from './tags.ts';
import type { View } from './view.ts';

/** What a policy is made from. */
interface MakePolicyParts extends Pick<MakeClientsParts, 'accessBlocks' | 'defaultBlocks' | 'listenKeys'> {
  readonly config: Config;
  readonly log: LogSink;
  readonly clock: Clock;
  readonly counters: Pick<Counters, 'add'>;
  /** Servers of the zone that a name is in, for the triggers nsdname and nsip. */
  readonly serversOf: ResponsePolicyParts['serversOf'];
}

/** The policy, and what of the configuration cannot be used. */
interface MadePolicy {
  readonly policy: Policy;
  readonly problems: readonly string[];
}

/** Lines that are worked on in one piece: about a millisecond. */
const LINES_PER_PIECE = 250;

export function makePolicy(parts: MakePolicyParts): MadePolicy {
  return runAtOnce(makePolicyInPieces(parts));
}

/** The same for a program that serves meanwhile. */
export function* makePolicyInPieces(parts: MakePolicyParts): Steps<MadePolicy> {
  const { config, log, clock, counters, accessBlocks, defaultBlocks, listenKeys, serversOf } = parts;
  const { server } = config;
  const problems: string[] = [];
  const filter = new NameFilter();
  const tags = new Tags(server.defineTag);
  const making: Making = { filter, log, counters, config, problems };
  const localZones = yield* makeZones({ ...making, source: server, withDefaults: true });
  yield* tagZones(localZones, config, tags, problems);
  const views = new Map<string, View>();
  for (const view of config.views) views.set(view.name, yield* makeView(view, making));
  const clients = makeClients({ config, accessBlocks, defaultBlocks, listenKeys, tags, views, problems, counters });
  const rules = yield* makeRules(server, making);
  tagRules(rules, config, tags);
  const rpz = new Rpz(makeRpzZones({ config, tags, problems }), log);
  const responses = new ResponsePolicy({ log, clients, rules, rpz, serversOf });
  const dns64 = makeDns64(config, problems);
  const { logLocalActions } = server;
  const made = {
    log,
    clock,
    counters,
    filter,
    localZones,
    views,
    clients,
    rpz,
    responses,
    rules,
    dns64,
    logLocalActions,
  };
  return { policy: new Policy(made), problems };
}

/** The directives that make local zones; the server and a view have the same. */
type ZoneSource = Pick<ViewConfig, 'localZone' | 'localData' | 'localDataPtr'>;

interface Making {
  readonly filter: NameFilter;
  readonly log: LogSink;
  readonly counters: Pick<Counters, 'add'>;
  readonly config: Config;
  readonly problems: string[];
}

function* makeZones(
  parts: Making & { readonly source: ZoneSource; readonly withDefaults: boolean },
): Steps<LocalZones> {
  const { source, filter, counters, config } = parts;
  const zones = new LocalZones(filter, counters);
  yield* eachInPieces(source.localZone, LINES_PER_PIECE, ({ name, value, key }) => {
    // Of several lines for one name the last counts, as in Unbound; the configuration check warns.
    if (value !== 'nodefault') zones.addZone(name, value, key);
  });
  if (parts.withDefaults) {
    const nodefault = source.localZone.filter(({ value }) => value === 'nodefault').map(({ name }) => name);
    addDefaultZones(zones, { unblockLanZones: config.server.unblockLanZones, nodefault });
  }
  yield* addRecords(parts, zones);
  return zones;
}

/** Reads the lines twice: all records at once, in their own form, would take more than what is made of them. */
function* addRecords(
  { source, log, problems }: Making & { readonly source: ZoneSource },
  zones: LocalZones,
): Steps<void> {
  let shared: Name | null = null;
  yield* eachRecord(source, 'forwards', problems, (record) => {
    shared = zones.sharedName(shared, record);
  });
  if (shared !== null) zones.addImplicitZone(shared);
  // Newest first is the order of a set: in reverse, so that the order of the file comes out. Of a record that is written
  // twice the last line counts, with its TTL, as in Unbound: the other one is there already.
  const overfull = new Set<string>();
  yield* eachRecord(source, 'backwards', [], (record) => {
    const problem = zones.addRecord(record);
    if (problem === TOO_MANY) overfull.add(formatName(record.owner));
    else if (problem !== null) problems.push(`local-data ${formatName(record.owner)}: ${problem}`);
  });
  // As in Unbound: what fits is served, and the host keeps running.
  for (const name of overfull)
    log.write('warning', `local-data ${name}: ${TOO_MANY}: the first in the file are left out`);
}

/** The records that the lines give, in their order or the other way round. */
function* eachRecord(
  { localData, localDataPtr }: ZoneSource,
  order: 'forwards' | 'backwards',
  problems: string[],
  act: (record: ResourceRecord) => void,
): Steps<void> {
  const read = (text: string): void => {
    const record = parseRecord(text, { ttl: LOCAL_DATA_TTL_SECONDS });
    if ('error' in record) problems.push(`local-data '${text}': ${record.error}`);
    // Data of other classes is never asked for; the configuration check says so.
    else if (record.class === CLASS.IN) act(record);
  };
  const readPointer = (line: string): void => {
    const text = pointerText(line, problems);
    if (text !== null) read(text);
  };
  if (order === 'forwards') {
    yield* eachInPieces(localData, LINES_PER_PIECE, read);
    yield* eachInPieces(localDataPtr, LINES_PER_PIECE, readPointer);
  } else {
    yield* eachInPieces(localDataPtr.toReversed(), LINES_PER_PIECE, readPointer);
    yield* eachInPieces(localData.toReversed(), LINES_PER_PIECE, read);
  }
}

/** `192.0.2.3 [ttl] name` as the PTR record that it stands for. */
function pointerText(text: string, problems: string[]): string | null {
  const [ip = '', ...rest] = text.trim().split(/\s+/);
  const address = parseIp(ip);
  const name = rest.pop();
  if (address === null || name === undefined || rest.length > 1) {
    problems.push(`local-data-ptr '${text}': address, TTL (optional) and name expected`);
    return null;
  }
  return `${formatName(reverseName(address))} ${rest[0] ?? LOCAL_DATA_TTL_SECONDS} IN PTR ${name}`;
}

function* tagZones(zones: LocalZones, { server }: Config, tags: Tags, problems: string[]): Steps<void> {
  yield* eachInPieces(server.localZoneTag, LINES_PER_PIECE, ({ name, value }) => {
    const zone = zones.get(name);
    if (zone === null) problems.push(`local-zone-tag: no local-zone ${formatName(name)}`);
    // The first line counts, as in Unbound.
    else zone.tags ??= tags.setOf(value);
  });
  yield* eachInPieces(server.localZoneOverride, LINES_PER_PIECE, ({ zone: name, block, type }) => {
    const zone = zones.get(name);
    if (zone === null || type === 'nodefault') {
      problems.push(`local-zone-override: no local-zone ${formatName(name)}, or a type that says nothing`);
      return;
    }
    zone.overrides ??= new PrefixMap<ZoneType>();
    zone.overrides.set(block.address, block.prefixLength, type);
  });
}

function* makeView(view: ViewConfig, making: Making): Steps<View> {
  const hasZones = view.localZone.length + view.localData.length + view.localDataPtr.length > 0;
  const withDefaults = !view.viewFirst;
  return {
    name: view.name,
    isFirst: view.viewFirst,
    localZones: hasZones ? yield* makeZones({ ...making, source: view, withDefaults }) : null,
    responseRules: yield* makeRules(view, making),
  };
}

/** The directives that make response rules; the server and a view have the same. */
type RuleSource = Pick<ViewConfig, 'responseIp' | 'responseIpData'>;

function* makeRules(
  { responseIp, responseIpData }: RuleSource,
  { counters, problems }: Making,
): Steps<ResponseRules | null> {
  const rules = new ResponseRules();
  yield* eachInPieces(responseIp, LINES_PER_PIECE, ({ block, value }) => {
    rules.at(block.address, block.prefixLength, value);
  });
  yield* eachInPieces(responseIpData, LINES_PER_PIECE, ({ block, value }) => {
    const rule = rules.get(block.address, block.prefixLength);
    const problem = rule === undefined ? 'no response-ip for the netblock' : addData(rule.data, value, counters);
    if (problem !== null) problems.push(`response-ip-data '${value}': ${problem}`);
  });
  return rules.size === 0 ? null : rules;
}

function tagRules(rules: ResponseRules | null, { server }: Config, tags: Tags): void {
  for (const { block, value } of server.responseIpTag) {
    const rule = rules?.get(block.address, block.prefixLength);
    // The first line counts, as in Unbound; one without rule is reported by the configuration check.
    if (rule !== undefined) rule.tags ??= tags.setOf(value);
  }
}

/** The module dns64 with its options; null when it is not configured. */
function makeDns64({ server }: Config, problems: string[]): Dns64Options | null {
  if (!server.moduleConfig.includes('dns64')) return null;
  const prefix = readPrefix(server.dns64Prefix);
  if (typeof prefix === 'string') {
    problems.push(prefix);
    return null;
  }
  return { ...prefix, synthesiseAll: server.dns64Synthall, ignoreAaaa: server.dns64IgnoreAaaa };
}
