/**
 * What the directives of policy mean together: local zones and their data, tags, rules for answers, policy zones. A rule that
 * could not act is an error: the policy that somebody counts on would do nothing.
 */

import { parseIp, reverseName } from '../wire/ip.ts';
import type { IpPrefix } from '../wire/ip-prefix.ts';
import { isRoot, type Name, nameKey, nameOfKey, namesEqual, parentOf } from '../wire/name.ts';
import { formatName, mustParseName, parseName } from '../wire/name-text.ts';
import { parseRecord } from '../wire/record-text.ts';
import { CLASS, classText, TYPE, typeText } from '../wire/rr-type.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { eachInPieces, type Steps } from '../wire/steps.ts';
import { parseTtl } from '../wire/ttl-text.ts';
import type { Config } from './config.ts';
import { defaultZoneNames, LOCALHOST } from './default-zone-names.ts';
import type { Findings } from './finding.ts';
import { FormError } from './form.ts';
import { domain, netblock, netblockText } from './form-network.ts';
import { localZoneType } from './form-policy.ts';
import { Lines } from './lines.ts';
import type { Clause, Entry } from './parser.ts';

/** TTL for records that are written without one; its value is of no account here. */
const ANY_TTL_SECONDS = 3600;
/** Octets of the digests of DS records (RFC 3658, RFC 4509, RFC 5933, RFC 6605). */
const DS_DIGEST_OCTETS: Readonly<Record<number, number>> = { 1: 20, 2: 32, 3: 32, 4: 48 };

/** Lines that are looked at in one piece: about a millisecond. */
const LINES_PER_PIECE = 500;

export function* checkPolicy(clauses: readonly Clause[], config: Config, findings: Findings): Steps<void> {
  const { server } = config;
  const scopes = [
    { lines: new Lines(clauses.filter(({ name }) => name === 'server')), hasDefaults: true, read: server.localZone },
    ...clauses
      .filter(({ name }) => name === 'view')
      .map((clause) => {
        const lines = new Lines([clause]);
        return { lines, hasDefaults: lines.of('view-first').at(-1)?.values[0] !== 'yes', read: [] };
      }),
  ];
  for (const { lines, hasDefaults, read } of scopes) {
    const defaults = hasDefaults ? defaultZoneNames(server.unblockLanZones) : [];
    const zones = yield* localZones(lines, { defaults, read }, findings);
    yield* checkLocalData(lines, zones, findings);
    yield* checkZoneLines(lines, zones, findings);
    yield* checkResponseRules(lines, findings);
  }
  yield* checkTags(clauses, config, findings);
  checkRpz(clauses, findings);
}

/** What is known of local zones beside their lines. */
interface ZoneLines {
  readonly defaults: readonly string[];
  /** The lines as read; with as many as there are lines, their keys need not be made again. */
  readonly read: Config['server']['localZone'];
}

/** Local zones by key of the name, with their types; of several lines the last counts. */
function* localZones(
  lines: Lines,
  { defaults, read }: ZoneLines,
  findings: Findings,
): Steps<ReadonlyMap<string, string>> {
  const zones = new Map<string, string>();
  for (const text of defaults) zones.set(nameKey(mustParseName(text)), text === LOCALHOST ? 'redirect' : 'static');
  /** Names that `zones` has from elsewhere, or not any more. */
  const isNew = new Set(zones.keys());
  const isGone = new Set<string>();
  const entries = lines.of('local-zone');
  const isAllRead = read.length === entries.length;
  yield* eachInPieces(entries.entries(), LINES_PER_PIECE, ([i, entry]) => {
    const [text = '', type = ''] = entry.values;
    const key = (isAllRead ? read[i]?.key : undefined) ?? keyOf(text);
    if (key === null) return;
    // An ipset is filled for a firewall, which would let through or keep out what nobody expects.
    if (type === 'ipset') findings.error(entry, `local-zone type ipset is not supported: ${text}`);
    const isTwice = isGone.has(key) || (zones.has(key) && !isNew.delete(key));
    if (isTwice) findings.warning(entry, `duplicate local-zone ${formatName(parseName(text) ?? nameOfKey(key))}`);
    if (type === 'nodefault') {
      zones.delete(key);
      isGone.add(key);
    } else zones.set(key, type);
  });
  return zones;
}

/** Key of a name as written; null when it is none. */
function keyOf(text: string): string | null {
  const name = domain.read(text);
  return name instanceof FormError ? null : nameKey(name);
}

/** The type and name of the zone that a record is in; null: in none, it gets one of its own. */
function zoneOf({ owner, type }: ResourceRecord, zones: ReadonlyMap<string, string>): [Name, string] | null {
  // A DS stands in the zone above the cut (RFC 4035 §3.1.4.1).
  for (let name = type === TYPE.DS && !isRoot(owner) ? parentOf(owner) : owner; ; name = parentOf(name)) {
    const found = zones.get(nameKey(name));
    if (found !== undefined) return [name, found];
    if (isRoot(name)) return null;
  }
}

function* checkLocalData(lines: Lines, zones: ReadonlyMap<string, string>, findings: Findings): Steps<void> {
  /** What stands at the top of redirect zones, by key of the zone. */
  const tops = new Map<string, Company>();
  yield* eachInPieces(lines.of('local-data'), LINES_PER_PIECE, (entry) => {
    const record = readLocalData(entry, findings);
    if (record !== null) checkListener(record, entry, { zones, tops, findings });
  });
  yield* eachInPieces(lines.of('local-data-ptr'), LINES_PER_PIECE, (entry) => {
    const record = readPointer(entry, findings);
    if (record !== null) checkListener(record, entry, { zones, tops, findings });
  });
}

/** The record of a line; null when it is none, or of a class that nobody is answered from. */
function readLocalData(entry: Entry, findings: Findings): ResourceRecord | null {
  const [text = ''] = entry.values;
  const record = parseRecord(text, { ttl: ANY_TTL_SECONDS });
  if ('error' in record) {
    findings.error(entry, `error parsing local-data '${text}': ${record.error}`);
    return null;
  }
  const octets = DS_DIGEST_OCTETS[record.rdata[3] ?? 0];
  if (record.type === TYPE.DS && octets !== undefined && record.rdata.length !== 4 + octets) {
    findings.error(entry, `error parsing local-data '${text}': a digest of that type has ${octets} octets`);
  }
  if (record.class === CLASS.IN) return record;
  findings.warning(entry, `local-data '${text}' is never answered: its class is ${classText(record.class)}`);
  return null;
}

/** `address [TTL] name` as the PTR record that it stands for. */
function readPointer(entry: Entry, findings: Findings): ResourceRecord | null {
  const [text = ''] = entry.values;
  const [ip = '', ...rest] = text.trim().split(/\s+/);
  const address = parseIp(ip);
  const name = parseName(rest.at(-1) ?? '');
  if (address === null) findings.error(entry, `local-data-ptr: cannot parse ip address '${ip}'`);
  else if (name === null) findings.error(entry, `local-data-ptr: name expected in '${text}'`);
  else if (rest.length > 2 || (rest.length === 2 && parseTtl(rest[0] ?? '') === null)) {
    findings.error(entry, `local-data-ptr: address, TTL (optional) and name expected, and no more: '${text}'`);
  } else {
    return { owner: reverseName(address), ttl: ANY_TTL_SECONDS, class: CLASS.IN, type: TYPE.PTR, rdata: name };
  }
  return null;
}

/** What stands at a place already: other data, or a CNAME, which stands alone. */
type Company = 'data' | 'cname';

/** True when a record of the type may stand beside what is there; it is there from now on. */
function mayJoin(places: Map<string, Company>, key: string, type: number): boolean {
  const others = places.get(key);
  const own: Company = type === TYPE.CNAME ? 'cname' : 'data';
  if (others !== 'cname') places.set(key, own);
  return others === undefined || (others === 'data' && own === 'data');
}

interface Placing {
  readonly zones: ReadonlyMap<string, string>;
  readonly tops: Map<string, Company>;
  readonly findings: Findings;
}

/** A redirect zone answers for all names with what stands at its top: nothing else may be in it, and a CNAME alone. */
function checkListener(record: ResourceRecord, entry: Entry, { zones, tops, findings }: Placing): void {
  const [zone, kind] = zoneOf(record, zones) ?? [null, ''];
  if (zone === null || (kind !== 'redirect' && kind !== 'inform_redirect')) return;
  if (!namesEqual(record.owner, zone)) {
    findings.error(entry, `local-data in redirect zone must reside at top of zone, not at ${formatName(record.owner)}`);
    return;
  }
  if (!mayJoin(tops, nameKey(zone), record.type)) {
    findings.error(
      entry,
      `local-data of type ${typeText(record.type)} in redirect zone ${formatName(zone)} must not coexist with CNAME or other data`,
    );
  }
}

/** local-zone-tag and local-zone-override are about zones that are there. */
function* checkZoneLines(lines: Lines, zones: ReadonlyMap<string, string>, findings: Findings): Steps<void> {
  const all = [...lines.of('local-zone-tag'), ...lines.of('local-zone-override')];
  yield* eachInPieces(all, LINES_PER_PIECE, (entry) => {
    const name = domain.read(entry.values[0] ?? '');
    if (name instanceof FormError) return;
    if (!zones.has(nameKey(name))) findings.error(entry, `${entry.directive}: no local-zone ${formatName(name)}`);
    const type = entry.directive === 'local-zone-override' ? entry.values[2] : '';
    if (type === 'ipset') findings.error(entry, `local-zone type ipset is not supported: ${formatName(name)}`);
    if (type === 'nodefault') findings.error(entry, 'local-zone-override: nodefault says nothing for some clients');
  });
}

/** response-ip with its data: each for a netblock that has a rule of that kind, of its family, a CNAME alone. */
function* checkResponseRules(lines: Lines, findings: Findings): Steps<void> {
  const actions = new Map<string, string>();
  yield* eachInPieces(lines.of('response-ip'), LINES_PER_PIECE, ({ values }) => {
    const block = netblock.read(values[0] ?? '');
    if (block instanceof FormError) return;
    const key = netblockText(block);
    if (!actions.has(key)) actions.set(key, values[1] ?? '');
  });
  const types = new Map<string, Company>();
  yield* eachInPieces(lines.of('response-ip-data'), LINES_PER_PIECE, (entry) => {
    const block = netblock.read(entry.values[0] ?? '');
    if (block instanceof FormError) return;
    const problem = responseDataProblem(entry, block, { actions, types });
    if (problem !== null) findings.error(entry, `response-ip-data '${entry.values[1]}': ${problem}`);
  });
  yield* eachInPieces(lines.of('response-ip-tag'), LINES_PER_PIECE, (entry) => {
    const block = netblock.read(entry.values[0] ?? '');
    if (block instanceof FormError || actions.has(netblockText(block))) return;
    findings.warning(entry, `response-ip-tag: no response-ip for ${netblockText(block)}`);
  });
}

function responseDataProblem(
  entry: Entry,
  block: IpPrefix,
  known: { readonly actions: ReadonlyMap<string, string>; readonly types: Map<string, Company> },
): string | null {
  const key = netblockText(block);
  const action = known.actions.get(key);
  if (action === undefined) return `no response-ip for ${key}`;
  if (action !== 'redirect') return `the response-ip action for ${key} is not redirect`;
  const record = parseRecord(`. ${entry.values[1]}`, { ttl: ANY_TTL_SECONDS });
  if ('error' in record) return record.error;
  const own = block.address.length === 4 ? TYPE.A : TYPE.AAAA;
  if (record.type !== own && record.type !== TYPE.CNAME) {
    return `the record type does not correspond to the address family of ${key}`;
  }
  return mayJoin(known.types, key, record.type) ? null : `a CNAME can not coexist with other data for ${key}`;
}

/** Directives with a list of tags in their second value, and those with one tag there and what is done for it in the third. */
const TAG_LISTS = ['access-control-tag', 'interface-tag', 'local-zone-tag', 'response-ip-tag'];
const TAG_ACTIONS = ['access-control-tag-action', 'interface-tag-action'];
const TAG_DATA = ['access-control-tag-data', 'interface-tag-data'];

function* checkTags(clauses: readonly Clause[], { server }: Config, findings: Findings): Steps<void> {
  const defined = new Set(server.defineTag.flat());
  const want = (entry: Entry, tags: string): void => {
    const unknown = tags.split(/\s+/).filter((tag) => tag !== '' && !defined.has(tag));
    if (unknown.length > 0) {
      findings.error(entry, `unknown tag: ${unknown.join(' ')} could not parse tags, (define-tag them first)`);
    }
  };
  const lines = new Lines(clauses.filter(({ name }) => name === 'server'));
  const tagged = [...TAG_LISTS, ...TAG_ACTIONS, ...TAG_DATA].flatMap((directive) => lines.of(directive));
  yield* eachInPieces(tagged, LINES_PER_PIECE, (entry) => want(entry, entry.values[1] ?? ''));
  for (const entry of TAG_ACTIONS.flatMap((directive) => lines.of(directive))) {
    const type = localZoneType.read(entry.values[2] ?? '');
    if (type instanceof FormError) findings.error(entry, `${entry.directive}: ${type.text}`);
    else if (type === 'ipset' || type === 'nodefault')
      findings.error(entry, `${entry.directive}: ${type} is no action`);
  }
  for (const entry of TAG_DATA.flatMap((directive) => lines.of(directive))) {
    const record = parseRecord(`. ${entry.values[2]}`, { ttl: ANY_TTL_SECONDS });
    if ('error' in record) findings.error(entry, `${entry.directive} '${entry.values[2]}': ${record.error}`);
  }
  for (const clause of clauses.filter(({ name }) => name === 'rpz')) {
    for (const entry of clause.entries.filter(({ directive }) => directive === 'tags')) {
      want(entry, entry.values[0] ?? '');
    }
  }
}

/** A policy zone that redirects says where to. */
function checkRpz(clauses: readonly Clause[], findings: Findings): void {
  for (const clause of clauses.filter(({ name }) => name === 'rpz')) {
    const lines = new Lines([clause]);
    const action = lines.of('rpz-action-override').at(-1);
    const target = lines.of('rpz-cname-override').at(-1);
    const text = target?.values[0] ?? '';
    if (action?.values[0] === '') findings.error(action, 'rpz-action-override: an action expected');
    if (target !== undefined && text !== '' && parseName(text) === null) {
      findings.error(target, `rpz-cname-override: bad domain name '${text}'`);
    } else if (action?.values[0] === 'cname' && text === '') {
      findings.error(action, 'rpz-action-override: cname wants a name in rpz-cname-override');
    }
  }
}
