/**
 * Fuzzes validation through a whole resolver: `node test/fuzz/fuzz-validator.ts`, for longer than the tests do.
 * HAWSER_FUZZ_SEED sets the seed (printed at the start), HAWSER_FUZZ_RUNS the number of questions (default 100,000).
 *
 * Each run asks one question of a resolver with empty caches, while one reply on the way to the answer (of the zone, its DS,
 * its keys, of the root) is changed in octets or in structure. All data is signed, so whatever a client gets must be what
 * was signed, with AD, or SERVFAIL. With an honest server beside the liar it must be what was signed.
 */

import { toHex } from '../../src/wire/bytes.ts';
import { toLowerCase } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { formatRdata } from '../../src/wire/record-text.ts';
import { typeText } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import { type LooseMessage, SECTIONS, tighten } from '../world/loose-message.ts';
import { type Reply, Scene } from '../world/scene.ts';
import { NSEC3 } from '../world/zone.ts';
import { fuzzSettings } from './fuzz-wire.ts';
import { diceOf } from './mutate.ts';

/** Most that one question may cost (work/budget.ts). */
const MAX_SIGNATURE_CHECKS = 400;
const MAX_UPSTREAM_QUERIES = 200;

const TEXT = `
@ IN MX 10 mx
mx IN A 192.0.2.25
mx IN AAAA 2001:db8::25
_25._tcp.mx IN TLSA 3 1 1 ${'ab'.repeat(32)}
*.wild IN TXT "from the wildcard"
alias IN CNAME hop
hop IN CNAME mx
old IN DNAME new
host.new IN A 192.0.2.26
a.b.c IN A 192.0.2.27
`;

/** Questions: answers, wildcards, aliases, denials of every kind. */
const QUESTIONS: readonly string[] = [
  ' MX',
  'mx. A',
  '_25._tcp.mx. TLSA',
  'a.wild. TXT',
  'a.wild. A',
  'alias. A',
  'alias. CNAME',
  'host.old. A',
  'mx. TXT',
  'b.c. A',
  'nothing. A',
  'deep.nothing.here. AAAA',
  ' DS',
  ' DNSKEY',
].flatMap((question) => ['nsec.', 'nsec3.'].map((zone) => question.replace(/^(.*) /, (_, name) => `${name}${zone} `)));

/** Who lies: the only server of each zone, or one of two (the root is honest then). */
export type Liars = 'all' | 'one-of-two';

/** Where the server of a zone is that lies among two. */
const LIAR = /^192\.0\.2\.[12] /;

/** What a run saw. */
export interface ValidatorFuzzCount {
  readonly runs: number;
  /** Changed replies that did no harm. */
  readonly unharmed: number;
  readonly refused: number;
}

interface Target {
  readonly question: string;
  /** `ip name TYPE` of a reply that its answer needs. */
  readonly needs: readonly string[];
  readonly honest: string;
}

type Dice = (n: number) => number;

/** The resolver under fuzz. */
class ValidatorFuzz {
  readonly #dice: Dice;
  readonly #liars: Liars;
  readonly #scene = new Scene();
  readonly #replies = new Map<string, LooseMessage>();
  readonly #signed = new Set<string>();
  #lie: { readonly at: string; readonly change: (reply: LooseMessage) => Uint8Array | null } | null = null;
  #changed = '';

  constructor(dice: Dice, liars: Liars) {
    this.#dice = dice;
    this.#liars = liars;
    const scene = this.#scene;
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    const second = (zone: string, ip: string) => (liars === 'all' ? {} : { [`ns2.${zone}`]: [ip] });
    const servers = { 'ns.nsec.': ['192.0.2.1'], ...second('nsec.', '192.0.2.11') };
    const servers3 = { 'ns.nsec3.': ['192.0.2.2'], ...second('nsec3.', '192.0.2.12') };
    scene.zone('nsec.', { servers, signing: {}, text: TEXT });
    scene.zone('nsec3.', { servers: servers3, signing: { denial: NSEC3 }, text: TEXT });
    for (const ip of scene.world.ips()) {
      scene.tamper(ip, (reply) => {
        const at = scene.asked.at(-1) ?? '';
        this.#replies.set(at, structuredClone(reply));
        if (this.#lie === null || !this.#isAt(this.#lie.at, at)) return reply;
        const changed = this.#lie.change(structuredClone(reply));
        this.#changed = changed === null ? 'silence' : toHex(changed);
        return changed;
      });
    }
  }

  /** True when the lie is for this reply: of this very server, or of whichever server is the liar among two. */
  #isAt(wanted: string, at: string): boolean {
    if (this.#liars === 'all') return wanted === at;
    return LIAR.test(at) && questionPart(wanted) === questionPart(at);
  }

  async run(runs: number): Promise<ValidatorFuzzCount> {
    const scene = this.#scene;
    await scene.start(['server:', '\toutbound-msg-retry: 2', '\tqname-minimisation: no']);
    const targets: Target[] = [];
    for (const question of QUESTIONS) targets.push(await this.#learn(question));
    let unharmed = 0;
    for (let run = 0; run < runs; run++) {
      if (await this.#tryOne(targets[this.#dice(targets.length)] as Target)) unharmed++;
    }
    await scene.stop();
    return { runs, unharmed, refused: runs - unharmed };
  }

  /** Asks honestly: what the answer is, and what was asked for it. */
  async #learn(question: string): Promise<Target> {
    const reply = await this.#askAnew(question);
    if (!reply.ad) throw new Error(`${question} is not secure to begin with: ${reply.status} ${reply.edeTexts.join()}`);
    const needs = [...new Set(this.#scene.asked)];
    for (const record of [...reply.answer, ...reply.authority, ...reply.additional]) this.#signed.add(record);
    return { question, needs, honest: meaningOf(reply) };
  }

  async #askAnew(question: string): Promise<Reply> {
    const { caches, counters } = this.#scene.instance;
    for (const cache of Object.values(caches) as { clear(): void }[]) cache.clear();
    counters.reset();
    this.#scene.asked.length = 0;
    const [name = '.', type = 'A'] = question.split(' ');
    return await this.#scene.ask(name, type);
  }

  /** One question with one changed reply; true when the client got the data all the same. */
  async #tryOne(target: Target): Promise<boolean> {
    const needs = this.#liars === 'all' ? target.needs : target.needs.filter((at) => !at.startsWith('198.'));
    const at = needs[this.#dice(needs.length)] ?? '';
    this.#lie = { at, change: this.#chooseChange() };
    this.#changed = 'never asked';
    const reply = await this.#askAnew(target.question);
    this.#lie = null;
    const fault = this.#faultOf(target, reply);
    if (fault === null) return reply.rcode !== 'SERVFAIL';
    throw new Error(
      `${target.question}: ${fault}; changed at ${at}: ${this.#changed}; got ${reply.status} ${meaningOf(reply)}`,
    );
  }

  #faultOf(target: Target, reply: Reply): string | null {
    const scene = this.#scene;
    if (scene.instance.serve.stats.bugs > 0) return `a bug: ${scene.ports.log.text()}`;
    if (scene.count('valops') > MAX_SIGNATURE_CHECKS) return `${scene.count('valops')} signature checks`;
    const sent = scene.count('upstream.udp') + scene.count('upstream.tcp');
    if (sent > MAX_UPSTREAM_QUERIES) return `${sent} upstream queries`;
    if (reply.rcode === 'SERVFAIL') return this.#liars === 'all' ? null : `SERVFAIL: ${reply.edeTexts.join()}`;
    if (!reply.ad) return 'data of a secure zone without AD';
    if (meaningOf(reply) !== target.honest) return `AD for something else than ${target.honest}`;
    const foreign = [...reply.authority, ...reply.additional].find((record) => !this.#isSigned(record));
    return foreign === undefined ? null : `AD beside ${foreign}`;
  }

  /** True for records that some honest answer shows: denials may differ from those of the honest answer, not in content. */
  #isSigned(record: string): boolean {
    if (this.#signed.has(record)) return true;
    const [owner = '.', type = ''] = record.split(' ');
    const zone = this.#scene.world.get(owner.endsWith('nsec3.') ? 'nsec3.' : owner.endsWith('nsec.') ? 'nsec.' : '.');
    const isThere = zone.setsAt(mustParseName(owner)).length > 0 || (type === 'NSEC3' && zone.denialKind === 'nsec3');
    return isThere && this.#known(record);
  }

  #known(record: string): boolean {
    return [...this.#replies.values()].some((reply) =>
      SECTIONS.some((section) => reply[section].some((one) => recordText(one) === record)),
    );
  }

  #chooseChange(): (reply: LooseMessage) => Uint8Array | null {
    const dice = this.#dice;
    const count = 1 + (dice(4) === 0 ? dice(3) : 0);
    return (reply) => {
      if (dice(3) > 0) return changeOctets(tighten(reply), count, dice);
      for (let i = 0; i < count; i++) this.#restructure(reply);
      return tighten(reply);
    };
  }

  /** Drops, doubles, moves, swaps, renames records, or puts in those of another reply. */
  #restructure(reply: LooseMessage): void {
    const dice = this.#dice;
    const section = SECTIONS[dice(3)] ?? 'answer';
    const records = reply[section];
    const at = dice(Math.max(1, records.length));
    const record = records[at];
    const others = [...this.#replies.values()];
    const other = others[dice(others.length)];
    const foreign = other?.[SECTIONS[dice(3)] ?? 'answer'] ?? [];
    switch (dice(9)) {
      case 0:
        records.splice(at, 1);
        break;
      case 1:
        if (record !== undefined) records.splice(at, 0, record);
        break;
      case 2:
        records.splice(at, 1);
        if (record !== undefined) reply[SECTIONS[dice(3)] ?? 'answer'].push(record);
        break;
      case 3:
        records.reverse();
        break;
      case 4:
        if (record !== undefined) records[at] = { ...record, ttl: dice(2) === 0 ? 0 : 0x7fffffff };
        break;
      case 5: {
        const from = foreign[dice(Math.max(1, foreign.length))];
        if (record !== undefined && from !== undefined) records[at] = { ...record, owner: from.owner };
        break;
      }
      case 6: {
        const from = foreign[dice(Math.max(1, foreign.length))];
        if (record !== undefined && from !== undefined) records[at] = { ...record, rdata: from.rdata, type: from.type };
        break;
      }
      case 7:
        reply[section] = [...foreign];
        break;
      default:
        reply.flags = (reply.flags & 0xfff0) | ([0, 2, 3, 3, 5][dice(5)] ?? 0);
    }
  }
}

function changeOctets(bytes: Uint8Array, count: number, dice: Dice): Uint8Array {
  const changed = bytes.slice();
  for (let i = 0; i < count; i++) {
    // The first two are the id: a reply with another one is no reply.
    const at = 2 + dice(changed.length - 2);
    changed[at] = dice(2) === 0 ? (changed[at] ?? 0) ^ (1 << dice(8)) : dice(256);
  }
  return changed;
}

/** Rcode and data of an answer, in an order that does not matter. */
function meaningOf(reply: Reply): string {
  return `${reply.rcode} ${[...reply.answer].sort().join(', ')}`;
}

function recordText({ owner, type, rdata }: ResourceRecord): string {
  return `${formatName(toLowerCase(owner))} ${typeText(type)} ${formatRdata(type, rdata)}`;
}

/** A reply's question, without the server. */
function questionPart(at: string): string {
  return at.slice(at.indexOf(' '));
}

/** Runs so many questions of a seed; rejects at the first for which something does not hold. */
export async function fuzzValidator(seed: number, runs: number, liars: Liars = 'all'): Promise<ValidatorFuzzCount> {
  return await new ValidatorFuzz(diceOf(seed), liars).run(runs);
}

if (import.meta.main) {
  const { seed, runs } = fuzzSettings(100_000);
  console.log(`HAWSER_FUZZ_SEED=${seed} HAWSER_FUZZ_RUNS=${runs}`);
  for (const liars of ['all', 'one-of-two'] as const) {
    const { unharmed, refused } = await fuzzValidator(seed, runs, liars);
    console.log(
      `liars ${liars}: ${unharmed} changed replies did no harm, ${refused} led to SERVFAIL, none was believed`,
    );
  }
}
