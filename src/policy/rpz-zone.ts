/**
 * One response policy zone: its rules by trigger, and what configuration says of it.
 *
 * Duties: take the records of the zone, whole, each time that it changes; find the rule for a name, a client, an address, a
 * server; a wildcard covers what is below it and nothing that has a closer name in the zone, as in the DNS.
 * Leaves to others: several zones and their order (rpz.ts), where the records come from.
 */

import { isRoot, type Name, nameKey, namesEqual, parentOf, wildcardOf } from '../wire/name.ts';
import { PrefixMap } from '../wire/prefix-map.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset } from '../wire/rrset.ts';
import type { ResourceRecord, TimedRRset } from '../wire/rrsets.ts';
import { RecordSets } from './record-sets.ts';
import { actionOf, type RpzAction, type RpzTrigger, triggerOf } from './rpz-triggers.ts';
import type { TagSet } from './tags.ts';

/** What is done in place of the zone's own actions. */
export type RpzOverride = 'nxdomain' | 'nodata' | 'passthru' | 'drop' | 'cname' | 'disabled';

/** What configuration says of a policy zone. */
interface RpzOptions {
  readonly name: Name;
  /** rpz-action-override; null: the zone's own actions. */
  readonly override: RpzOverride | null;
  /** rpz-cname-override. */
  readonly cnameOverride: Name | null;
  /** rpz-log and rpz-log-name; null: no lines. */
  readonly logName: string | null;
  /** rpz-signal-nxdomain-ra: RA is cleared in NXDOMAIN that the zone makes. */
  readonly signalNxdomainRa: boolean;
  /** Only clients with one of these tags are subject to the zone; null: all are. */
  readonly tags: TagSet | null;
}

export interface RpzRule {
  readonly trigger: RpzTrigger;
  readonly action: RpzAction;
  /** Records of the action local-data, under the trigger's owner; null: another action. */
  readonly data: RecordSets | null;
}

/** The rules of one state of the zone. */
class RuleSet {
  readonly qnames = new Map<string, RpzRule>();
  /** All names of qname triggers and those above them: where a wildcard stops to cover. */
  readonly knownNames = new Set<string>();
  readonly nsdnames = new Map<string, RpzRule>();
  readonly knownServers = new Set<string>();
  readonly clients = new PrefixMap<RpzRule>();
  readonly answers = new PrefixMap<RpzRule>();
  readonly servers = new PrefixMap<RpzRule>();
  /** The zone's own SOA, which tells where a reply comes from; null: it has none. */
  soa: TimedRRset | null = null;
  count = 0;
}

/** A state of a policy zone that is being read, a piece at a time: large zones must not keep queries waiting. */
export class RpzLoading {
  readonly rules = new RuleSet();
  /** Records that are no rules, or contradict an earlier one. */
  ignored = 0;
  /** Of these, records above the bounds of one name (record-sets.ts). */
  tooMany = 0;
  readonly #zone: Name;
  readonly #records: Iterator<ResourceRecord>;

  constructor(zone: Name, records: Iterable<ResourceRecord>) {
    this.#zone = zone;
    this.#records = records[Symbol.iterator]();
  }

  /** Reads up to `count` records; true when there are no more. */
  step(count: number): boolean {
    for (let i = 0; i < count; i++) {
      const next = this.#records.next();
      if (next.done === true) return true;
      this.#take(next.value);
    }
    return false;
  }

  #take(record: ResourceRecord): void {
    if (record.type === TYPE.SOA && namesEqual(record.owner, this.#zone)) this.rules.soa = soaOf(record);
    const action = record.class === CLASS.IN ? actionOf(record.type, record.rdata) : null;
    const trigger = action === null ? null : triggerOf(record.owner, this.#zone);
    if (action === null || trigger === null) {
      this.ignored++;
      return;
    }
    const data = action === 'local-data' ? new RecordSets() : null;
    const added = addRule(this.rules, { trigger, action, data }, record);
    if (added !== 'added') this.ignored++;
    if (added === 'too-many') this.tooMany++;
  }
}

export class RpzZone {
  readonly options: RpzOptions;
  /** False after `rpz_disable`: the zone is kept and does nothing. */
  isEnabled = true;
  #rules = new RuleSet();
  #loading: RpzLoading | null = null;

  constructor(options: RpzOptions) {
    this.options = options;
  }

  get count(): number {
    return this.#rules.count;
  }

  /** The zone's own SOA; null: it has none. */
  get soa(): TimedRRset | null {
    return this.#rules.soa;
  }

  /** True when rules look at servers of zones. */
  get looksAtServers(): boolean {
    return this.#rules.servers.size + this.#rules.nsdnames.size > 0;
  }

  /** Takes the records of the zone in place of those before. Returns how many are no rules and were left out. */
  load(records: Iterable<ResourceRecord>): number {
    const loading = this.begin(records);
    loading.step(Number.POSITIVE_INFINITY);
    this.commit(loading);
    return loading.ignored;
  }

  /** Begins to read a new state; what was begun before is void. */
  begin(records: Iterable<ResourceRecord>): RpzLoading {
    this.#loading = new RpzLoading(this.options.name, records);
    return this.#loading;
  }

  /** True while no newer state was begun. */
  isCurrent(loading: RpzLoading): boolean {
    return this.#loading === loading;
  }

  /** Puts a state in force that was read to its end; false when a newer one was begun since. */
  commit(loading: RpzLoading): boolean {
    if (this.#loading !== loading) return false;
    this.#loading = null;
    this.#rules = loading.rules;
    return true;
  }

  /** True for a last label below which the zone has names; the filter asks. */
  qnameTriggers(): Name[] {
    return [...this.#rules.qnames.values()].flatMap(({ trigger }) => (trigger.kind === 'qname' ? [trigger.name] : []));
  }

  /** True when clients are looked at. */
  get looksAtClients(): boolean {
    return this.#rules.clients.size > 0;
  }

  forName(name: Name): RpzRule | null {
    return findByName(this.#rules.qnames, this.#rules.knownNames, name);
  }

  forServerName(name: Name): RpzRule | null {
    return findByName(this.#rules.nsdnames, this.#rules.knownServers, name);
  }

  forClient(address: Uint8Array): RpzRule | null {
    return this.#rules.clients.longestMatch(address)?.value ?? null;
  }

  forServer(address: Uint8Array): RpzRule | null {
    return this.#rules.servers.longestMatch(address)?.value ?? null;
  }

  forAnswer(address: Uint8Array): RpzRule | null {
    return this.#rules.answers.longestMatch(address)?.value ?? null;
  }
}

function soaOf({ owner, type, rdata, ttl }: ResourceRecord): TimedRRset {
  return { rrset: packRRset({ owner, type, class: CLASS.IN, rdatas: [rdata], signatures: [] }), ttl };
}

function findByName(rules: ReadonlyMap<string, RpzRule>, known: ReadonlySet<string>, name: Name): RpzRule | null {
  if (rules.size === 0) return null;
  const exact = rules.get(nameKey(name));
  if (exact !== undefined) return exact;
  for (let above = name; !isRoot(above); ) {
    above = parentOf(above);
    if (!known.has(nameKey(above))) continue;
    const wildcard = wildcardOf(above);
    return wildcard === null ? null : (rules.get(nameKey(wildcard)) ?? null);
  }
  return null;
}

/** What became of a record. `contradicts`: another action is there already, and the first one counts. */
type AddedRule = 'added' | 'contradicts' | 'too-many';

function addRule(rules: RuleSet, made: RpzRule, record: ResourceRecord): AddedRule {
  const known = knownRule(rules, made.trigger);
  if (known !== null && (known.data === null || made.data === null)) return 'contradicts';
  const rule = known ?? made;
  if (known === null) insert(rules, made);
  return rule.data === null ? 'added' : addData(rule.data, record);
}

/** RFC 1034 §3.6.2: an alias stands alone; of it and other data the first counts, as in Unbound. */
function addData(data: RecordSets, record: ResourceRecord): AddedRule {
  const isAlone = data.size > 0 && (record.type === TYPE.CNAME || data.get(TYPE.CNAME) !== null);
  return isAlone ? 'contradicts' : data.add(record);
}

function knownRule(rules: RuleSet, trigger: RpzTrigger): RpzRule | null {
  switch (trigger.kind) {
    case 'qname':
      return rules.qnames.get(nameKey(trigger.name)) ?? null;
    case 'nsdname':
      return rules.nsdnames.get(nameKey(trigger.name)) ?? null;
    case 'ip':
    case 'client-ip':
    case 'nsip':
      return tableOf(rules, trigger.kind).get(trigger.address, trigger.prefixLength) ?? null;
  }
}

function insert(rules: RuleSet, rule: RpzRule): void {
  const { trigger } = rule;
  rules.count++;
  switch (trigger.kind) {
    case 'qname':
      rules.qnames.set(nameKey(trigger.name), rule);
      addAncestors(rules.knownNames, trigger.name);
      return;
    case 'nsdname':
      rules.nsdnames.set(nameKey(trigger.name), rule);
      addAncestors(rules.knownServers, trigger.name);
      return;
    case 'ip':
    case 'client-ip':
    case 'nsip':
      tableOf(rules, trigger.kind).set(trigger.address, trigger.prefixLength, rule);
  }
}

function tableOf(rules: RuleSet, kind: 'ip' | 'client-ip' | 'nsip'): PrefixMap<RpzRule> {
  if (kind === 'ip') return rules.answers;
  return kind === 'nsip' ? rules.servers : rules.clients;
}

function addAncestors(known: Set<string>, name: Name): void {
  for (let at = name; ; at = parentOf(at)) {
    const key = nameKey(at);
    if (known.has(key)) return;
    known.add(key);
    if (isRoot(at)) return;
  }
}
