/**
 * Decides on a resolution by the rules for answers: response policy zones (names of the alias chain, servers, addresses) and
 * response-ip of the server and of views.
 *
 * A bogus answer, or one that could not be validated, is passed on untouched.
 * Leaves to others: following aliases (apply-policy.ts), the rules.
 */

import type { LogSink } from '../ports/log-sink.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { Answered, Resolution } from '../terms/resolution.ts';
import { ipOfAddressText } from '../wire/address-text.ts';
import { parseIp } from '../wire/ip.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { type Question, questionText } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { applyTagActions, type ClientPolicies, type ClientPolicy } from './client-policy.ts';
import type { LocalReply, PolicyClient } from './local-reply.ts';
import type { ZoneType } from './local-zone.ts';
import { aliasTarget, applyRule, type MetRule, type ResponseRules } from './response-rules.ts';
import { type AppliedRule, applyRpz, type Rpz, type RpzQuery } from './rpz.ts';
import type { RpzRule, RpzZone } from './rpz-zone.ts';

/** A resolution for the rules to decide on. */
export interface PolicyCase {
  readonly question: Question;
  readonly client: PolicyClient;
  readonly isExempt: boolean;
  readonly resolution: Resolution;
  /** Rules that made aliases of this question already: each does so once, so that a garden inside its own rule is no loop. */
  readonly applied: Set<RpzRule>;
}

export type PolicyDecision =
  | { readonly kind: 'pass' }
  | { readonly kind: 'drop' }
  | {
      readonly kind: 'replace';
      /** Records of the answer that stay. */
      readonly keep: readonly RankedRRset[];
      readonly records: readonly TimedRRset[];
      /** What comes along where replies are not minimal. */
      readonly additional?: readonly TimedRRset[];
      readonly rcode: number;
      readonly setFlags: number;
      readonly clearFlags: number;
      /** The name to go on with; null: this is all. */
      readonly target: Name | null;
      readonly isAddressRule: boolean;
    };

/** Names and addresses of the servers of the zone that a name is in. */
export interface ServersOf {
  readonly names: readonly Name[];
  readonly addresses: readonly string[];
}

export interface ResponsePolicyParts {
  readonly log: LogSink;
  readonly clients: ClientPolicies;
  /** response-ip of the server; null: none. */
  readonly rules: ResponseRules | null;
  readonly rpz: Rpz;
  /** Servers of a zone (null: of the one that the name is in), from what is known or by asking. */
  readonly serversOf: (name: Name, zone: Name | null) => Promise<ServersOf>;
}

const PASS: PolicyDecision = { kind: 'pass' };
/** Types of questions whose answers hold addresses (as Unbound: others are not looked at). */
const ADDRESS_TYPES: ReadonlySet<number> = new Set([TYPE.A, TYPE.AAAA, TYPE.ANY]);

export class ResponsePolicy {
  readonly #parts: ResponsePolicyParts;

  constructor(parts: ResponsePolicyParts) {
    this.#parts = parts;
  }

  /** What becomes of the resolution. */
  async decide(asked: PolicyCase): Promise<PolicyDecision> {
    const { resolution, question, client, applied } = asked;
    // CVE-2026-50243: rules act on validated results, and on unsigned ones; what is bogus stays bogus.
    const { status } = (resolution.kind === 'answered' ? resolution.verdict : null) ?? { status: 'insecure' };
    if (status === 'bogus' || status === 'indeterminate') return PASS;
    const policy = this.#parts.clients.of(client.ip, client.local);
    const rpzCase: RpzQuery = { question, client, tags: policy.tags };
    let isExempt = asked.isExempt || !this.#parts.rpz.isActive;
    if (!isExempt) {
      const decision =
        (await this.#decideByServers(rpzCase, resolution, applied)) ??
        this.#decideByTargets(rpzCase, resolution, applied);
      if (decision !== null && decision !== 'exempt') return decision;
      isExempt = decision === 'exempt';
    }
    if (resolution.kind === 'failed' || !ADDRESS_TYPES.has(question.type)) return PASS;
    return this.#decideByAddresses({ rpzCase, policy, resolution, isExempt });
  }

  /** True when a rule may be about a name. */
  get looksAtNames(): boolean {
    return this.#parts.rpz.isActive;
  }

  /** Trigger qname for a name that policy leads to; null: no rule is about it. */
  decideByName({
    question,
    client,
    applied,
  }: Omit<PolicyCase, 'resolution' | 'isExempt'>): PolicyDecision | 'exempt' | null {
    const asked: RpzQuery = { question, client, tags: this.#parts.clients.of(client.ip, client.local).tags };
    const rule = this.#parts.rpz.first(asked, (zone) => unapplied(zone.forName(question.name), applied));
    return rule === null ? null : decisionOf(rule, asked, [], applied);
  }

  /** Rules about the name that make aliases of the question. */
  aliasRulesFor(question: Question, client: PolicyClient): Set<RpzRule> {
    const rules = this.#parts.rpz.zones.flatMap((zone) => {
      const rule = zone.forName(question.name);
      return rule !== null && applyRpz({ zone, rule }, question, client)?.kind === 'alias' ? [rule] : [];
    });
    return new Set(rules);
  }

  /** Trigger qname for the targets of aliases that were resolved by themselves. */
  decideByAliases({ question, client, resolution, applied }: PolicyCase): PolicyDecision {
    const asked: RpzQuery = { question, client, tags: this.#parts.clients.of(client.ip, client.local).tags };
    const decision = this.#decideByTargets(asked, resolution, applied);
    return decision === null || decision === 'exempt' ? PASS : decision;
  }

  /** The rules for addresses only: of an answer whose addresses were made here (DNS64). */
  decideByAddresses({ question, client, isExempt, resolution }: PolicyCase): PolicyDecision {
    if (resolution.kind === 'failed') return PASS;
    const policy = this.#parts.clients.of(client.ip, client.local);
    const rpzCase: RpzQuery = { question, client, tags: policy.tags };
    return this.#decideByAddresses({ rpzCase, policy, resolution, isExempt: isExempt || !this.#parts.rpz.isActive });
  }

  /** Triggers nsdname and nsip: the servers of the name's zone, and those that the answer came from. */
  async #decideByServers(
    asked: RpzQuery,
    resolution: Resolution,
    done: Set<RpzRule>,
  ): Promise<PolicyDecision | 'exempt' | null> {
    const { rpz, serversOf } = this.#parts;
    if (!rpz.looksAtServers) return null;
    const { names, addresses } = await serversOf(asked.question.name, zoneOf(resolution, asked.question.name));
    const ips = [...addresses, ...sourcesOf(resolution, asked.question.name)].flatMap((text) => parseIp(text) ?? []);
    const find = (zone: RpzZone): RpzRule | null => {
      for (const name of names) {
        const rule = zone.forServerName(name);
        if (rule !== null) return rule;
      }
      for (const ip of ips) {
        const rule = zone.forServer(ip);
        if (rule !== null) return rule;
      }
      return null;
    };
    const applied = rpz.first(asked, find);
    return applied === null ? null : decisionOf(applied, asked, [], done);
  }

  /** Trigger qname for the names that aliases lead to. */
  #decideByTargets(asked: RpzQuery, resolution: Resolution, done: Set<RpzRule>): PolicyDecision | 'exempt' | null {
    if (resolution.kind === 'failed') return null;
    for (const [i, { rrset }] of resolution.answer.entries()) {
      const rdata = rrsetType(rrset) === TYPE.CNAME ? rdatasOf(rrset)[0] : undefined;
      const target = rdata === undefined ? null : readTargetName(rdata);
      if (target === null || asked.question.type === TYPE.CNAME) continue;
      const applied = this.#parts.rpz.first(asked, (zone) => unapplied(zone.forName(target), done));
      if (applied === null) continue;
      const onward = { ...asked, question: { ...asked.question, name: target } };
      return decisionOf(applied, onward, resolution.answer.slice(0, i + 1), done);
    }
    return null;
  }

  /** Rules for addresses: the view's, else the server's, else the policy zones'. */
  #decideByAddresses(asked: {
    readonly rpzCase: RpzQuery;
    readonly policy: ClientPolicy;
    readonly resolution: Answered;
    readonly isExempt: boolean;
  }): PolicyDecision {
    const { policy, resolution, rpzCase, isExempt } = asked;
    const { view } = policy;
    const inView = view?.responseRules?.find(resolution) ?? null;
    if (inView !== null) return this.#applied(inView, inView.rule.action, inView.rule.data.list(), asked);
    // A view with rules of its own that is not view-first hides the server's (as Unbound).
    if (view !== null && view.responseRules !== null && !view.isFirst) return PASS;
    const met = this.#parts.rules?.find(resolution) ?? null;
    if (met !== null) {
      const { type, tag } = applyTagActions(met.rule.action, met.rule.tags, policy, (action) => action);
      const tagData = tag === null ? undefined : policy.tagData.get(tag);
      const data = type === 'redirect' && tagData !== undefined ? tagData : met.rule.data.list();
      return this.#applied(met, type, data, asked);
    }
    return isExempt ? PASS : this.#decideByZones(rpzCase, resolution);
  }

  #applied(
    met: MetRule,
    action: ZoneType,
    data: readonly TimedRRset[],
    { resolution, rpzCase }: { readonly resolution: Answered; readonly rpzCase: RpzQuery },
  ): PolicyDecision {
    if (action.startsWith('inform')) this.#note(met, action, rpzCase);
    const outcome = applyRule(action, data, resolution, met.at);
    if (outcome.kind !== 'replace') return outcome.kind === 'truncate' ? truncated(rpzCase.client) : outcome;
    const target = aliasTarget(outcome.records, rpzCase.question.type);
    return {
      kind: 'replace',
      keep: resolution.answer.slice(0, outcome.keep),
      records: outcome.records,
      rcode: outcome.rcode,
      setFlags: 0,
      clearFlags: 0,
      target,
      isAddressRule: true,
    };
  }

  /** Trigger ip of the policy zones. */
  #decideByZones(asked: RpzQuery, resolution: Answered): PolicyDecision {
    const found: { at: number } = { at: -1 };
    const applied = this.#parts.rpz.first(asked, (zone) => {
      const met = firstAddressRule(zone, resolution);
      found.at = met?.at ?? -1;
      return met?.rule ?? null;
    });
    const ranked = resolution.answer[found.at];
    if (applied === null || ranked === undefined) return PASS;
    const owner = rrsetOwner(ranked.rrset);
    const type = rrsetType(ranked.rrset);
    const keep = resolution.answer.slice(0, found.at);
    const decision = decisionOf(
      applied,
      { ...asked, question: { ...asked.question, name: owner, type } },
      keep,
      new Set(),
    );
    if (decision === 'exempt' || decision === null) return PASS;
    // The name exists, only its address is changed: nothing here is said with authority, nor with the zone's SOA (Unbound).
    return decision.kind === 'replace'
      ? { ...decision, additional: [], setFlags: decision.setFlags & ~FLAG.AA, isAddressRule: true }
      : decision;
  }

  #note({ block }: MetRule, action: ZoneType, { client, question }: RpzQuery): void {
    this.#parts.log.write('info', `${block} ${action} ${client.ip}@${client.port} ${questionText(question)}`);
  }
}

function firstAddressRule(zone: RpzZone, { answer }: Answered): { readonly rule: RpzRule; readonly at: number } | null {
  for (const [at, { rrset }] of answer.entries()) {
    const type = rrsetType(rrset);
    if (type !== TYPE.A && type !== TYPE.AAAA) continue;
    for (const address of rdatasOf(rrset)) {
      const rule = zone.forAnswer(address);
      if (rule !== null) return { rule, at };
    }
  }
  return null;
}

function unapplied(rule: RpzRule | null, done: ReadonlySet<RpzRule>): RpzRule | null {
  return rule === null || done.has(rule) ? null : rule;
}

/** A rule's effect as a decision; null: the rule does nothing here. */
function decisionOf(
  applied: AppliedRule,
  asked: RpzQuery,
  keep: readonly RankedRRset[],
  done: Set<RpzRule>,
): PolicyDecision | 'exempt' | null {
  const reply: LocalReply | null = applyRpz(applied, asked.question, asked.client);
  if (reply === null) return null;
  if (reply.kind === 'exempt') return 'exempt';
  if (reply.kind === 'drop') return reply;
  if (reply.kind === 'alias') {
    done.add(applied.rule);
    const rest = { rcode: RCODE.NOERROR, setFlags: 0, clearFlags: 0, target: reply.target, isAddressRule: false };
    return { kind: 'replace', keep, records: [reply.alias], ...rest };
  }
  const { rcode, setFlags, clearFlags, answer, additional = [] } = reply;
  const rest = { rcode, setFlags, clearFlags, target: null, isAddressRule: false };
  return { kind: 'replace', keep, records: answer, additional, ...rest };
}

/** Over UDP nothing but the word to come back over TCP. */
function truncated({ transport }: PolicyClient): PolicyDecision {
  if (transport === 'tcp') return PASS;
  const rest = { rcode: RCODE.NOERROR, setFlags: FLAG.TC, clearFlags: 0, target: null, isAddressRule: true };
  return { kind: 'replace', keep: [], records: [], ...rest };
}

/** The zone that the answer for the name came from; null: not known. */
function zoneOf(resolution: Resolution, name: Name): Name | null {
  if (resolution.kind === 'failed') return null;
  const own = resolution.answer.find(({ rrset }) => namesEqual(rrsetOwner(rrset), name)) ?? resolution.authority[0];
  return own?.zone ?? null;
}

/** Addresses of the servers that gave the answer's own records. */
function sourcesOf(resolution: Resolution, name: Name): string[] {
  if (resolution.kind === 'failed') return [];
  const records = [...resolution.answer, ...resolution.authority];
  return records.flatMap(({ server, rrset }) =>
    server !== null && namesEqual(rrsetOwner(rrset), name) ? [ipOfAddressText(server)] : [],
  );
}
