/**
 * Policy: what configuration says about questions and answers, beside what the tree of names says.
 *
 * Duties: answer questions from local zones, for the view and tags of the client; say which answers rules may change; the
 * methods by which the control channel changes local zones.
 * Leaves to others: who may ask (serve/access-control.ts), changing answers (apply-policy.ts), replies as octets (serve).
 */

import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Counters } from '../trace/counters.ts';
import { parseIp } from '../wire/ip.ts';
import { isWildcard, parentOf } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import type { ResourceRecord } from '../wire/rrsets.ts';
import { answerFromZone, leavesOpen } from './answer-zone.ts';
import { type ApplyPolicyParts, applyPolicy, type PolicyQuery, type PolicyResult } from './apply-policy.ts';
import { applyTagActions, type ClientPolicies, type ClientPolicy } from './client-policy.ts';
import type { Dns64Options } from './dns64.ts';
import type { LocalAddress } from './listen-map.ts';
import type { LocalReply, PolicyClient } from './local-reply.ts';
import type { LocalZone, ZoneType } from './local-zone.ts';
import { LocalZones } from './local-zones.ts';
import type { NameFilter } from './name-filter.ts';
import { TOO_MANY } from './record-sets.ts';
import type { ResponsePolicy } from './response-policy.ts';
import type { ResponseRules } from './response-rules.ts';
import { applyRpz, type Rpz, type RpzQuery } from './rpz.ts';
import type { RpzLoading, RpzZone } from './rpz-zone.ts';
import type { View } from './view.ts';

/** What a policy is made of (make-policy.ts does). */
interface PolicyParts {
  readonly log: LogSink;
  readonly filter: NameFilter;
  readonly localZones: LocalZones;
  readonly views: ReadonlyMap<string, View>;
  readonly clients: ClientPolicies;
  readonly rpz: Rpz;
  readonly responses: ResponsePolicy;
  /** response-ip of the server; null: none. */
  readonly rules: ResponseRules | null;
  readonly dns64: Dns64Options | null;
  readonly clock: Clock;
  readonly counters: Pick<Counters, 'add'>;
  /** A line for each question that meets a local zone. Unbound `log-local-actions`. */
  readonly logLocalActions: boolean;
}

/** Records of a policy zone read in one turn of the event loop: at 4 µs each (measured) 8 ms. */
export const RPZ_RECORDS_PER_TURN = 2000;

/** A zone with the type that it has for the client. */
interface SeenZone {
  readonly zone: LocalZone;
  readonly type: ZoneType;
  /** The tag that zone and client share, for access-control-tag-data. */
  readonly tag: number | null;
}

export class Policy {
  /** The server's local zones. The control channel changes them. */
  readonly localZones: LocalZones;
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.localZones = parts.localZones;
    if (parts.logLocalActions) parts.filter.addAll();
  }

  view(name: string): View | null {
    return this.#parts.views.get(name) ?? null;
  }

  /** The local zones of a view, made when it has none; null: no such view. */
  viewZones(name: string): LocalZones | null {
    const view = this.view(name);
    if (view === null) return null;
    view.localZones ??= new LocalZones(this.#parts.filter, this.#parts.counters);
    return view.localZones;
  }

  /** False when no rule is about the name at `at` in the query. @hot bench/serve-hot-query.ts */
  mayAnswer(query: Uint8Array, at: number): boolean {
    return this.#parts.filter.mayMatch(query, at);
  }

  /** What local zones and policy zones make of a question; null: nothing, it is to be resolved. */
  answer(question: Question, client: PolicyClient): LocalReply | null {
    if (question.class !== CLASS.IN) return null;
    const policy = this.#parts.clients.of(client.ip, client.local);
    const seen = this.#zoneFor(question, client, policy);
    const local = seen === null ? null : this.#answerFrom(seen, { question, client, policy });
    return local ?? this.#answerByRpz({ question, client, tags: policy.tags });
  }

  /**
   * True when rules may change answers of this type for the client: then the reply cache, which is for all, is neither read
   * nor filled. @hot bench/serve-hot-query.ts
   */
  changesAnswers(ip: string, local: LocalAddress | null | undefined, type: number): boolean {
    const { rpz, rules, dns64, clients } = this.#parts;
    if (dns64 !== null && (type === TYPE.AAAA || type === TYPE.PTR)) return true;
    if (rpz.isActive) return true;
    if (type !== TYPE.A && type !== TYPE.AAAA && type !== TYPE.ANY) return false;
    return rules !== null || clients.of(ip, local).view?.responseRules != null;
  }

  /** True when nothing is configured for this client that is not for all, whatever it asks and wherever. */
  isPlainClient(ip: string): boolean {
    const { rpz, clients } = this.#parts;
    return rpz.zones.length === 0 && clients.isPlain(ip);
  }

  /** True when no local zone is about the question, for a plain client wherever it is, and none wants a line in the log. */
  isOpenToAll(question: Question): boolean {
    if (this.#parts.logLocalActions) return false;
    const zone = this.localZones.find(question.name, question.type, null);
    if (zone === null) return true;
    const isSilent = zone.tags === null && zone.overrides === null && !zone.type.startsWith('inform');
    return isSilent && leavesOpen(zone, question);
  }

  /** Resolves a question as policy has it. */
  apply(start: PolicyQuery, resolve: ApplyPolicyParts['resolve']): Promise<PolicyResult> {
    const { clock, responses, dns64 } = this.#parts;
    return applyPolicy(start, { clock, responses, dns64, resolve });
  }

  /** The policy zones, for the control channel and for new states of their data. */
  get rpz(): Rpz {
    return this.#parts.rpz;
  }

  /**
   * Takes a new state of a policy zone: when it is large a piece in each turn, with what was before in force until then.
   * Ends when the state is in force, or a newer one has come.
   */
  async loadPolicyZone(zone: RpzZone, records: Iterable<ResourceRecord>): Promise<void> {
    const loading = zone.begin(records);
    while (!loading.step(RPZ_RECORDS_PER_TURN)) {
      await this.#parts.clock.nextTurn();
      if (!zone.isCurrent(loading)) return;
    }
    this.#commit(zone, loading);
  }

  #commit(zone: RpzZone, loading: RpzLoading): void {
    if (!zone.commit(loading)) return;
    watchZone(this.#parts.filter, zone);
    if (loading.tooMany > 0) {
      this.#parts.counters.add('limit.policy-records', loading.tooMany);
      const name = formatName(zone.options.name);
      this.#parts.log.write('warning', `rpz ${name}: ${loading.tooMany} records left out: ${TOO_MANY}`);
    }
  }

  /** Triggers client-ip, then qname, zone by zone. */
  #answerByRpz(asked: RpzQuery): LocalReply | null {
    const { rpz } = this.#parts;
    if (!rpz.isActive) return null;
    const address = parseIp(asked.client.ip);
    const applied = rpz.first(
      asked,
      (zone) => (address === null ? null : zone.forClient(address)) ?? zone.forName(asked.question.name),
    );
    return applied === null ? null : applyRpz(applied, asked.question, asked.client);
  }

  #answerFrom(
    { zone, type, tag }: SeenZone,
    {
      question,
      client,
      policy,
    }: { readonly question: Question; readonly client: PolicyClient; readonly policy: ClientPolicy },
  ): LocalReply | null {
    if (this.#parts.logLocalActions || type.startsWith('inform')) this.#note(zone, type, question, client);
    const tagData = tag === null ? null : (policy.tagData.get(tag) ?? null);
    // Truncation makes a client come again over TCP; there it gets what it asked for.
    const effective = type === 'truncate' && client.transport === 'tcp' ? 'transparent' : type;
    return answerFromZone(zone, { question, type: effective, tagData });
  }

  /** The view's zone, else the server's by tags. */
  #zoneFor(question: Question, client: PolicyClient, policy: ClientPolicy): SeenZone | null {
    const { view } = policy;
    if (view !== null && view.localZones !== null) {
      const zone = view.localZones.find(question.name, question.type, null);
      const usable = zone !== null && zone.type !== 'noview' && !leavesOpen(zone, question);
      if (usable) return { zone, type: zone.type, tag: null };
      if (!view.isFirst) return null;
    }
    const zone = this.localZones.find(question.name, question.type, policy.tags);
    return zone === null ? null : { zone, ...typeFor(zone, client, policy) };
  }

  #note(zone: LocalZone, type: ZoneType, question: Question, { ip, port }: PolicyClient): void {
    const line = `${formatName(zone.name)} ${type} ${ip}@${port} ${questionText(question)}`;
    this.#parts.log.write('info', line);
  }
}

/** Lets the filter know of the names and clients that a policy zone looks at. */
function watchZone(filter: NameFilter, zone: RpzZone): void {
  if (zone.looksAtClients) filter.addAll();
  for (const name of zone.qnameTriggers()) filter.add(isWildcard(name) ? parentOf(name) : name);
}

/** The zone's type for the client: local-zone-override by address, then access-control-tag-action by tag. */
function typeFor(zone: LocalZone, { ip }: PolicyClient, policy: ClientPolicy): Pick<SeenZone, 'type' | 'tag'> {
  if (zone.overrides !== null) {
    const address = parseIp(ip);
    const override = address === null ? null : zone.overrides.longestMatch(address);
    if (override !== null) return { type: override.value, tag: null };
  }
  return applyTagActions(zone.type, zone.tags, policy, (type) => type);
}
