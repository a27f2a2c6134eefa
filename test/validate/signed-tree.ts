/**
 * A signed tree of zones for tests of the validator: keys, signed RRsets, denials, and a fetch that answers DS and DNSKEY
 * questions from a table that a test may spoil. Not a test itself.
 */

import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { KeyCache } from '../../src/cache/key-cache.ts';
import { RRsetCache } from '../../src/cache/rrset-cache.ts';
import { type ZoneKey, zoneKeyAgain } from '../../src/dnssec/dnskey.ts';
import type { Crypto } from '../../src/ports/crypto.ts';
import type { AliasStep, FinalAnswer, FoundResult, IterationResult } from '../../src/terms/iteration-result.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { Counters } from '../../src/trace/counters.ts';
import type { ValidateOptions } from '../../src/validate/options.ts';
import { type AnchorRecord, TrustAnchors } from '../../src/validate/trust-anchors.ts';
import { createValidate, type Validated } from '../../src/validate/validate-answer.ts';
import type { ValidateParts } from '../../src/validate/validation-context.ts';
import { concatBytes, toBase32hex, writeU16 } from '../../src/wire/bytes.ts';
import { isBelow, type Name, ROOT } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { type Question, questionKey } from '../../src/wire/question.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { formatRdata, parseRdata } from '../../src/wire/record-text.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { type RRset, withSignatures } from '../../src/wire/rrset.ts';
import { Budget } from '../../src/work/budget.ts';
import type { FetchOptions } from '../../src/work/fetch.ts';
import { Work } from '../../src/work/work.ts';
import { makeKey, NOW, rrsetOf, type SignatureChoices, type SigningKey, signRRset } from '../dnssec/signing.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { SeededRandom } from '../fake/fake-random.ts';
import { DEFAULT_ALLOWANCE, DEFAULT_VALIDATE_OPTIONS } from '../support/default-options.ts';
import { rankedAt } from '../support/records.ts';
import { hashName } from '../world/denial-chain.ts';

/** Seconds that data of the tree lives, unless a test says otherwise. */
export const TTL = 3600;

/** The crypto that tests check with. */
export const crypto: Crypto = createNodeCrypto();

/** How an RRset is signed. */
export interface Signing extends Partial<SignatureChoices> {
  /** Default: the zone's one key. Empty: unsigned. */
  readonly keys?: readonly SigningKey[];
  readonly server?: string;
  readonly ttl?: number;
}

/** What may differ about a zone. */
export interface ZoneChoices {
  /** Default one Ed25519 key. */
  readonly keys?: readonly SigningKey[];
  /** Default: SHA-256 of each key. Null: the parent denies it (no DS). */
  readonly ds?: readonly Uint8Array[] | null;
}

/** A zone of the tree. */
export interface TestZone {
  readonly name: Name;
  readonly keys: readonly SigningKey[];
}

/** Rdata from text; throws when it cannot be read. */
export function rdataOf(type: number, text: string): Uint8Array {
  const rdata = parseRdata(type, text);
  if (rdata instanceof Uint8Array) return rdata;
  throw new Error(`bad rdata in a test: ${text}: ${rdata.error}`);
}

/** DS rdata of a key. */
export function dsOf(zone: Name, key: SigningKey, digestType: 1 | 2 | 4 = 2): Uint8Array {
  const kind = digestType === 1 ? 'sha1' : digestType === 2 ? 'sha256' : 'sha384';
  const head = new Uint8Array(4);
  writeU16(head, 0, key.keyTag);
  head[2] = key.algorithm;
  head[3] = digestType;
  return concatBytes(head, crypto.digest(kind, concatBytes(zone, key.rdata)));
}

/** The tree. It starts with a signed root, whose key is the anchor. */
export class SignedTree {
  readonly clock = new FakeClock(NOW);
  readonly counters = new Counters();
  readonly anchors = new TrustAnchors();
  readonly rrsets = new RRsetCache({ clock: this.clock, random: new SeededRandom(1), maxBytes: 1 << 22 });
  readonly keys = new KeyCache<ZoneKey>({
    ...{ clock: this.clock, random: new SeededRandom(1), maxBytes: 1 << 22 },
    keyAgain: (packed) => zoneKeyAgain(packed, crypto),
  });
  readonly root: TestZone;
  /** Questions that were fetched, as `name TYPE`, in order. */
  readonly asked: { readonly question: Question; readonly options: FetchOptions | undefined }[] = [];
  readonly #zones: TestZone[] = [];
  readonly #table = new Map<string, (options: FetchOptions | undefined) => IterationResult>();
  options: ValidateOptions = DEFAULT_VALIDATE_OPTIONS;
  /** Fetched data is there at once, as when the caches have it. */
  fetchesAtOnce = false;
  budget = new Budget(DEFAULT_ALLOWANCE);

  constructor() {
    this.root = this.#makeZone(ROOT, {});
    this.anchors.add(dsAnchor(this.root));
  }

  /** Adds a zone below another, with DS (or its denial) in the parent and DNSKEY in itself. */
  zone(text: string, parent: TestZone, choices: ZoneChoices = {}): TestZone {
    const zone = this.#makeZone(mustParseName(text), choices);
    const ds = choices.ds === undefined ? zone.keys.map((key) => dsOf(zone.name, key)) : choices.ds;
    if (ds === null) this.deny(text, TYPE.DS, [this.nsec(parent, text, `\\000.${text}`, 'NS RRSIG NSEC')]);
    else this.answer(text, TYPE.DS, [this.signRdatas(parent, text, TYPE.DS, ds)]);
    return zone;
  }

  #makeZone(name: Name, choices: ZoneChoices): TestZone {
    const zone = { name, keys: choices.keys ?? [makeKey(15)] };
    this.#zones.push(zone);
    const rdatas = zone.keys.map((key) => key.rdata);
    this.answer(formatName(name), TYPE.DNSKEY, [this.signRdatas(zone, formatName(name), TYPE.DNSKEY, rdatas)]);
    return zone;
  }

  /** A signed RRset of a zone, rdatas as text. */
  set(zone: TestZone, owner: string, type: number, texts: string | readonly string[], signing?: Signing): RankedRRset {
    const rdatas = (typeof texts === 'string' ? [texts] : texts).map((text) => rdataOf(type, text));
    return this.signRdatas(zone, owner, type, rdatas, signing);
  }

  /** The same with rdatas as octets. */
  signRdatas(
    zone: TestZone,
    owner: string,
    type: number,
    rdatas: readonly Uint8Array[],
    signing: Signing = {},
  ): RankedRRset {
    const { keys = zone.keys, server = '192.0.2.1@53', ttl = TTL, ...choices } = signing;
    const bare = rrsetOf(owner, type, ...rdatas);
    const signatures = keys.map((key) => signRRset(bare, key, { signer: zone.name, ...choices }));
    return this.ranked(withSignatures(bare, signatures), { server, ttl });
  }

  /** An RRset as iteration hands it over. */
  ranked(rrset: RRset, { server = '192.0.2.1@53', ttl = TTL } = {}): RankedRRset {
    return rankedAt(this.clock.unixSeconds(), ttl, rrset, { server });
  }

  nsec(zone: TestZone, owner: string, next: string, types: string, signing?: Signing): RankedRRset {
    return this.set(zone, owner, TYPE.NSEC, `${next} ${types}`, signing);
  }

  soa(zone: TestZone, signing?: Signing): RankedRRset {
    return this.set(zone, formatName(zone.name), TYPE.SOA, 'ns. host. 1 7200 3600 1209600 3600', signing);
  }

  /** An NSEC3 whose span begins at the hash of `from` (plus `shift`) and ends at that of `to` (plus `shiftTo`). */
  nsec3(
    zone: TestZone,
    span: { readonly from: string; readonly shift?: number; readonly to: string; readonly shiftTo?: number },
    types: string,
    { optOut = false, iterations = 0 } = {},
  ): RankedRRset {
    const hash = (name: string, shift: number) => {
      const octets = hashName(mustParseName(name), new Uint8Array(), iterations);
      octets[19] = ((octets[19] ?? 0) + shift) & 0xff;
      return toBase32hex(octets);
    };
    const apex = formatName(zone.name);
    const owner = `${hash(span.from, span.shift ?? 0)}.${apex === '.' ? '' : apex}`;
    const next = hash(span.to, span.shiftTo ?? 0);
    return this.set(zone, owner, TYPE.NSEC3, `1 ${optOut ? 1 : 0} ${iterations} - ${next} ${types}`);
  }

  /** What the fetch says to a question from now on. */
  reply(
    owner: string,
    type: number,
    found: IterationResult | ((options: FetchOptions | undefined) => IterationResult),
  ): void {
    const key = questionKey({ name: mustParseName(owner), type, class: CLASS.IN });
    this.#table.set(key, typeof found === 'function' ? found : () => found);
  }

  answer(owner: string, type: number, sets: readonly RankedRRset[]): void {
    this.reply(owner, type, this.found(owner, type, sets));
  }

  deny(owner: string, type: number, authority: readonly RankedRRset[]): void {
    this.reply(owner, type, this.denied(owner, type, authority));
  }

  /** What iteration hands over for an answer. */
  found(owner: string, type: number, answer: readonly RankedRRset[], more: Partial<FinalAnswer> = {}): FoundResult {
    return this.#foundOf(owner, type, { kind: 'answer', answer, ...more });
  }

  /** What iteration hands over for a denial. */
  denied(owner: string, type: number, authority: readonly RankedRRset[], more: Partial<FinalAnswer> = {}): FoundResult {
    return this.#foundOf(owner, type, { kind: 'nodata', authority, ...more });
  }

  #foundOf(owner: string, type: number, more: Partial<FinalAnswer>): FoundResult {
    const end: FinalAnswer = {
      kind: 'answer',
      question: { name: mustParseName(owner), type, class: CLASS.IN },
      rcode: more.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
      answer: [],
      authority: [],
      additional: [],
      zone: ROOT,
      server: '192.0.2.1@53',
      expiresAt: this.clock.unixSeconds() + TTL,
      ...more,
    };
    return { kind: 'found', aliases: [], end };
  }

  /** A CNAME step. */
  cname(alias: RankedRRset, owner: string, to: string, proof: readonly RankedRRset[] = []): AliasStep {
    const question = { name: mustParseName(owner), type: TYPE.A, class: CLASS.IN };
    return { via: 'cname', question, alias, synthesised: null, to: mustParseName(to), proof };
  }

  /** Validates with everything that the tree has. */
  async validate(found: FoundResult): Promise<Validated> {
    return await createValidate(this.parts())(this.work(found.end.question), found);
  }

  parts(): ValidateParts {
    const { clock, counters, anchors, rrsets, keys, options } = this;
    const fetch = (_work: Work, question: Question, fetchOptions?: FetchOptions) => {
      this.asked.push({ question, options: fetchOptions });
      const result = this.#table.get(questionKey(question))?.(fetchOptions) ?? this.#undisturbed(question);
      return this.fetchesAtOnce ? result : Promise.resolve(result);
    };
    return { clock: patient(clock), crypto, counters, anchors, rrsets, keys, options, fetch };
  }

  work(question: Question): Work {
    const { budget } = this;
    const start = { id: 1, mode: 'normal', parent: null, startedMs: 0, deadlineMs: 1e9, trace: null } as const;
    return new Work({ ...start, question, budget });
  }

  /** A DS question that no test prepared: the name is in its zone and no zone cut. Other questions find no server. */
  #undisturbed({ name, type }: Question): IterationResult {
    const above = this.#zones.filter((zone) => isBelow(name, zone.name));
    const zone = above.reduce(
      (deepest, other) => (other.name.length > deepest.name.length ? other : deepest),
      this.root,
    );
    const text = formatName(name);
    if (type === TYPE.DS) return this.denied(text, type, [this.nsec(zone, text, `\\000.${text}`, 'A RRSIG NSEC')]);
    return { kind: 'failed', why: { kind: 'no-reachable-server', zone: text, networkError: false, tried: '' } };
  }
}

/** The fake clock with turns that pass by themselves: these tests move time only between validations. */
function patient(clock: FakeClock) {
  return {
    monotonicMs: () => clock.monotonicMs(),
    unixSeconds: () => clock.unixSeconds(),
    after: (ms: number, run: () => void) => clock.after(ms, run),
    inTurn: queueMicrotask,
    nextTurn: () => Promise.resolve(),
  };
}

/** The anchor record of a zone's first key. */
export function dsAnchor(zone: TestZone): AnchorRecord {
  const [key] = zone.keys;
  if (key === undefined) throw new Error('a zone without keys has no anchor');
  return { zone: zone.name, type: 'DS', rdata: dsOf(zone.name, key) };
}

/** Kind of the verdict's reason, or `secure`. */
export function outcomeOf({ verdict }: Validated): string {
  return verdict.status === 'secure' ? 'secure' : `${verdict.status} ${verdict.why.kind}`;
}

/** For messages in failing tests. */
export function rdataTexts(type: number, rdatas: readonly Uint8Array[]): string[] {
  return rdatas.map((rdata) => formatRdata(type, rdata));
}
