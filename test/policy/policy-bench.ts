/** What the policy tests share: a policy out of configuration text, with a played resolver, and what it says as text. */

import { parseConfigText } from '../../src/config/load-config.ts';
import type { PolicyQuery, PolicyResult } from '../../src/policy/apply-policy.ts';
import type { LocalReply, PolicyClient } from '../../src/policy/local-reply.ts';
import { makePolicy } from '../../src/policy/make-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { ServersOf } from '../../src/policy/response-policy.ts';
import { DEFAULT_ACCESS } from '../../src/serve/access-control.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { Counters } from '../../src/trace/counters.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionKey } from '../../src/wire/question.ts';
import { FLAG, rcodeText } from '../../src/wire/rcode.ts';
import { formatRecord } from '../../src/wire/record-text.ts';
import type { TYPE } from '../../src/wire/rr-type.ts';
import { type RRset, rdatasOf, rrsetClass, rrsetOwner, rrsetType } from '../../src/wire/rrset.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { answered, NOW, ranked } from '../serve/serving.ts';
import { questionFrom } from '../support/records.ts';

const NO_SERVERS: ServersOf = { names: [], addresses: [] };

/** A policy with all that it stands on. */
export class PolicyBench {
  readonly log = new FakeLog();
  readonly clock = new FakeClock(NOW);
  readonly counters = new Counters();
  readonly policy: Policy;
  readonly problems: readonly string[];
  /** Servers of zones, for nsdname and nsip. */
  servers: ServersOf = NO_SERVERS;
  readonly #answers = new Map<string, Resolution>();

  /** `text` is what stands in the file; policy zones are loaded from `zones`, by name. */
  constructor(text: string, zones: Readonly<Record<string, string>> = {}) {
    const loaded = parseConfigText(text, 'test.conf', new FakeFiles());
    if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join('; '));
    const { config } = loaded;
    const made = makePolicy({
      config,
      log: this.log,
      clock: this.clock,
      counters: this.counters,
      accessBlocks: config.server.accessControl.map(({ block }) => block),
      defaultBlocks: DEFAULT_ACCESS,
      listenKeys: ({ target: local, port }) => [`${local}@${port ?? config.server.port}`],
      serversOf: async () => this.servers,
    });
    this.policy = made.policy;
    this.problems = made.problems;
    for (const [name, zone] of Object.entries(zones)) {
      const origin = mustParseName(name);
      const rpz = made.policy.rpz.zone(origin);
      const read = readZoneText(zone, { origin, defaultTtl: 300 });
      if (rpz === null || read.errors.length > 0) throw new Error(`${name}: ${read.errors[0]?.text ?? 'no such zone'}`);
      void made.policy.loadPolicyZone(rpz, read.records);
    }
  }

  /** What policy makes of a question at once, as text; `-` for nothing. */
  local(name: string, type: keyof typeof TYPE = 'A', from: Partial<PolicyClient> = {}): string {
    return localText(this.localReply(name, type, from));
  }

  localReply(name: string, type: keyof typeof TYPE = 'A', from: Partial<PolicyClient> = {}): LocalReply | null {
    return this.policy.answer(questionFrom(`${name} ${type}`), policyClientOf(from));
  }

  /** Lets the resolver answer a question. */
  know(name: string, type: keyof typeof TYPE, lines: readonly string[], parts: object = {}): this {
    const answer: RankedRRset[] = lines.map((line) => ranked([line]));
    return this.knowResolution(
      answered(questionFrom(`${name} ${type}`), { answer, denied: lines.length === 0, ...parts }),
    );
  }

  knowResolution(resolution: Resolution): this {
    this.#answers.set(questionKey(resolution.question), resolution);
    return this;
  }

  /** The result of policy for a question, as `serve` would ask for it. */
  async result(
    name: string,
    type: keyof typeof TYPE = 'A',
    from: Partial<PolicyClient> & { cd?: boolean } = {},
  ): Promise<PolicyResult> {
    const question = questionFrom(`${name} ${type}`);
    const client = policyClientOf(from);
    const local = this.policy.answer(question, client);
    const start: PolicyQuery = {
      question,
      client,
      alias: local?.kind === 'alias' ? local : null,
      isExempt: local?.kind === 'exempt',
      checksItself: from.cd === true,
    };
    return this.policy.apply(start, async (asked) => this.#resolve(asked));
  }

  /** The same as text. */
  async ruled(
    name: string,
    type: keyof typeof TYPE = 'A',
    from: Partial<PolicyClient> & { cd?: boolean } = {},
  ): Promise<string> {
    const result = await this.result(name, type, from);
    if (result.kind === 'drop') return 'drop';
    const { resolution, setFlags, clearFlags } = result;
    const flags = flagText(setFlags) + (clearFlags === 0 ? '' : ` not${flagText(clearFlags)}`);
    if (resolution.kind === 'failed') return `failed ${resolution.why.kind}${flags}`;
    const verdict = resolution.verdict === null ? '' : ` ${resolution.verdict.status}`;
    const records = resolution.answer.flatMap(({ rrset }) => recordTexts(rrset));
    return [`${rcodeText(resolution.rcode)}${flags}${verdict}`, ...records].join('; ');
  }

  #resolve(question: Question): Resolution {
    const known = this.#answers.get(questionKey(question));
    return known ?? { kind: 'failed', question, why: { kind: 'deadline' } };
  }
}

function policyClientOf({
  ip = '127.0.0.1',
  port = 4000,
  transport = 'udp',
  local = null,
}: Partial<PolicyClient>): PolicyClient {
  return { ip, port, transport, local };
}

function flagText(flags: number): string {
  const names = (['AA', 'TC', 'RA'] as const).filter((name) => (flags & FLAG[name]) !== 0);
  return names.map((name) => ` ${name}`).join('');
}

function recordTexts(rrset: RRset): string[] {
  return rdatasOf(rrset).map((rdata) => {
    const record = { owner: rrsetOwner(rrset), type: rrsetType(rrset), class: rrsetClass(rrset), ttl: 0, rdata };
    return formatRecord(record).replace('\t0\tIN\t', ' ').replaceAll('\t', ' ');
  });
}

/** A local reply as text. */
export function localText(reply: LocalReply | null): string {
  if (reply === null) return '-';
  if (reply.kind !== 'reply') return reply.kind === 'alias' ? `alias ${recordTexts(reply.alias.rrset)[0]}` : reply.kind;
  const flags = flagText(reply.setFlags) + (reply.clearFlags === 0 ? '' : ` not${flagText(reply.clearFlags)}`);
  const records = reply.answer.flatMap(({ rrset }) => recordTexts(rrset));
  const soa = reply.authority.map(({ ttl }) => `soa ${ttl}`);
  return [`${rcodeText(reply.rcode)}${flags}`, ...records, ...soa].join('; ');
}
