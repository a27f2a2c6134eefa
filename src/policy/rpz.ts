/**
 * The response policy zones of the configuration, in their order: the first zone with a rule decides.
 *
 * Duties: find the rule that applies at each of the places where rules are looked for (client and name when the question
 * comes, names of an alias chain, servers of the zones that answered, addresses of the answer); overrides, tags, disabled
 * zones; the log line of each action.
 * Leaves to others: when each place is looked at (policy.ts, apply-policy.ts), what is sent.
 */

import type { LogSink } from '../ports/log-sink.ts';
import { unreachable } from '../terms/unreachable.ts';
import { ipText } from '../wire/ip.ts';
import { type Name, nameKey } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { packRRset, rrsetType, withOwner } from '../wire/rrset.ts';
import type { TimedRRset } from '../wire/rrsets.ts';
import { aliasReply, emptyReply, recordFor } from './answer-zone.ts';
import type { LocalReply, PolicyClient } from './local-reply.ts';
import type { RpzOverride, RpzRule, RpzZone } from './rpz-zone.ts';
import { type TagSet, tagsMeet } from './tags.ts';

/** TTL of the CNAME of rpz-cname-override, seconds (Unbound's). */
const OVERRIDE_TTL_SECONDS = 3600;

/** A rule that applies, in its zone. */
export interface AppliedRule {
  readonly zone: RpzZone;
  readonly rule: RpzRule;
}

/** Who and what a rule is looked up for. */
export interface RpzQuery {
  readonly question: Question;
  readonly client: PolicyClient;
  readonly tags: TagSet;
}

export class Rpz {
  readonly zones: readonly RpzZone[];
  /** Rules that took effect, by action in Unbound's words (num.rpz.action). */
  readonly applied = new Map<string, number>();
  readonly #log: LogSink;

  constructor(zones: readonly RpzZone[], log: LogSink) {
    this.zones = zones;
    this.#log = log;
  }

  /** True when a zone may act at all: a loop, since a function made for the look is an object. @hot bench/serve-hot-query.ts */
  get isActive(): boolean {
    for (const zone of this.zones) if (zone.isEnabled && zone.count > 0) return true;
    return false;
  }

  /** True when a rule looks at servers. */
  get looksAtServers(): boolean {
    return this.zones.some((zone) => zone.isEnabled && zone.looksAtServers);
  }

  /** The zone of a name; null: none such. */
  zone(name: Name): RpzZone | null {
    return this.zones.find(({ options }) => nameKey(options.name) === nameKey(name)) ?? null;
  }

  /** The first rule that `find` gives and that is not disabled; a disabled one is logged and passed over. */
  first(asked: RpzQuery, find: (zone: RpzZone) => RpzRule | null): AppliedRule | null {
    for (const zone of this.zones) {
      const { options } = zone;
      if (!zone.isEnabled || zone.count === 0) continue;
      if (options.tags !== null && !tagsMeet(options.tags, asked.tags)) continue;
      const rule = find(zone);
      if (rule === null) continue;
      this.#note(zone, rule, asked);
      if (options.override !== 'disabled') return { zone, rule };
    }
    return null;
  }

  #note(zone: RpzZone, { trigger, action }: RpzRule, { question, client }: RpzQuery): void {
    const { logName, override } = zone.options;
    const where = 'name' in trigger ? formatName(trigger.name) : `${ipText(trigger.address)}/${trigger.prefixLength}`;
    const words = TRIGGER_WORDS[trigger.kind];
    const what = override === null ? `rpz-${action}` : OVERRIDE_WORDS[override];
    this.applied.set(what, (this.applied.get(what) ?? 0) + 1);
    if (logName === null) return;
    const name = logName === '' ? '' : `[${logName}] `;
    const line = `rpz: applied ${name}${words}${where} ${what} ${client.ip}@${client.port} ${questionText(question)}`;
    this.#log.write('info', line);
  }
}

/** What log lines call triggers; names asked for and addresses of answers go without saying. */
const TRIGGER_WORDS = {
  qname: '',
  'client-ip': 'clientip ',
  ip: '',
  nsip: 'nsip ',
  nsdname: 'nsdname ',
} as const;

const OVERRIDE_WORDS: Readonly<Record<RpzOverride, string>> = {
  nxdomain: 'rpz-nxdomain',
  nodata: 'rpz-nodata',
  passthru: 'rpz-passthru',
  drop: 'rpz-drop',
  cname: 'rpz-cname-override',
  disabled: 'rpz-disabled',
};

/** What a rule makes of a question; null: nothing (tcp-only, over TCP). The SOA of its zone comes along with what is final. */
export function applyRpz(applied: AppliedRule, question: Question, client: PolicyClient): LocalReply | null {
  const reply = replyBy(applied, question, client);
  const { soa } = applied.zone;
  const isFinal = reply?.kind === 'reply' && (reply.setFlags & FLAG.TC) === 0;
  return isFinal && soa !== null ? { ...reply, additional: [soa] } : reply;
}

function replyBy({ zone, rule }: AppliedRule, question: Question, client: PolicyClient): LocalReply | null {
  const { override, cnameOverride, signalNxdomainRa } = zone.options;
  const action = override === null ? rule.action : override;
  switch (action) {
    case 'nxdomain':
      return { ...emptyReply(RCODE.NXDOMAIN), clearFlags: signalNxdomainRa ? FLAG.RA : 0 };
    case 'nodata':
      return emptyReply(RCODE.NOERROR);
    case 'passthru':
    case 'disabled':
      return { kind: 'exempt' };
    case 'drop':
      return { kind: 'drop' };
    case 'tcp-only':
      return client.transport === 'tcp' ? null : emptyReply(RCODE.NOERROR, FLAG.AA | FLAG.TC);
    case 'cname':
      return cnameOverride === null ? { kind: 'exempt' } : aliasReply(question, cnameTo(question.name, cnameOverride));
    case 'local-data':
      return fromData(rule.data?.list() ?? [], question);
    default:
      return unreachable(action);
  }
}

/** The records of the rule for the type asked for; its CNAME for any other; without them the type does not exist. */
function fromData(data: readonly TimedRRset[], question: Question): LocalReply {
  const found = recordFor(data, question.type);
  if (found === null) return emptyReply(RCODE.NOERROR);
  if (rrsetType(found.rrset) === TYPE.CNAME && question.type !== TYPE.CNAME) {
    return aliasReply(question, found) ?? emptyReply(RCODE.NOERROR);
  }
  return {
    ...emptyReply(RCODE.NOERROR),
    answer: [{ rrset: withOwner(found.rrset, question.name), ttl: found.ttl }],
  };
}

/** The CNAME of rpz-cname-override at a name. */
function cnameTo(owner: Name, target: Name): TimedRRset {
  const rrset = packRRset({ owner, type: TYPE.CNAME, class: CLASS.IN, rdatas: [target], signatures: [] });
  return { rrset, ttl: OVERRIDE_TTL_SECONDS };
}
