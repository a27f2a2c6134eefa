/**
 * Keys of forwarders by the TLSA records of their names (`forward-tls-dane`; RFC 6698, RFC 7671): who they are, DNSSEC says.
 *
 * Duties: asking for the records, at first and before they end; taking only what is proven secure; which questions may go to a
 * forwarder while none of its keys is known; one line when none is to be had.
 * Leaves to others: validating, waiting (iterate/server-identity.ts), comparing keys (the network port).
 *
 * The records are asked of the forwarder itself where it is the only way out. That is no circle: they, and the DS and DNSKEY
 * sets that prove them, are signed up to a trust anchor that this host has, so it does not matter who hands them over. These
 * questions alone go over a connection whose other end nobody has proven, and nothing but proven keys is kept of what comes.
 */

import type { KeysWay, PublishedKeys, PublishingServer } from '../iterate/server-identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { Resolution } from '../terms/resolution.ts';
import { toBase64 } from '../wire/bytes.ts';
import { isAtOrBelow, type Name, namesEqual } from '../wire/name.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { readTlsa } from '../wire/rdata-tlsa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetType } from '../wire/rrset.ts';
import { RepeatedLine } from '../work/repeated-line.ts';

/** Milliseconds after a vain try until the next: a question in between fails at once. */
const RETRY_MS = 5_000;
/** Least milliseconds that proven keys count, whatever the TTL: they are asked for anew when half of their time is over. */
const LEAST_LIFE_MS = 60_000;
/** The records that count: the server's own key (DANE-EE), SHA-256 (`3 1 1`; RFC 7671 §5.1 recommends it). */
const OWN_KEY_SHA256 = { usage: 3, selector: 1, matchingType: 1, octets: 32 };

interface KnownKeys {
  readonly question: Question | null;
  pins: readonly string[];
  provenAtMs: number;
  endsAtMs: number;
  triedAtMs: number;
  readonly line: RepeatedLine;
  asking: Promise<void> | null;
}

interface ForwarderKeysParts {
  readonly clock: Clock;
  readonly log: LogSink;
  /** Resolves and validates, past the cache. */
  readonly resolve: (question: Question) => Promise<Resolution>;
  readonly report: (error: unknown) => void;
}

export class ForwarderKeys implements PublishedKeys {
  readonly #parts: ForwarderKeysParts;
  /** As many as configuration has names of forwarders. */
  readonly #known = new Map<string, KnownKeys>();

  constructor(parts: ForwarderKeysParts) {
    this.#parts = parts;
  }

  wayFor(server: PublishingServer, question: Question): KeysWay {
    const known = this.#knownOf(server);
    const now = this.#parts.clock.monotonicMs();
    if (known.pins.length > 0 && now < known.endsAtMs) {
      if (now - known.provenAtMs >= (known.endsAtMs - known.provenAtMs) / 2) void this.#ask(known);
      return { kind: 'proven', pins: known.pins };
    }
    const asking = this.#ask(known);
    if (known.question !== null && isOfProof(question, known.question.name)) return { kind: 'proving' };
    return asking === null ? { kind: 'none' } : { kind: 'wait', until: asking };
  }

  doubt(server: PublishingServer): void {
    const known = this.#knownOf(server);
    // Whoever stands in the way can bring this about as often as he likes.
    if (this.#parts.clock.monotonicMs() - known.triedAtMs >= RETRY_MS) known.endsAtMs = 0;
  }

  #knownOf({ tlsName, port }: PublishingServer): KnownKeys {
    const key = `_${port}._tcp.${tlsName}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = parseName(key);
    const never = Number.NEGATIVE_INFINITY;
    const made: KnownKeys = {
      line: new RepeatedLine(this.#parts.clock),
      question: name === null ? null : { name, type: TYPE.TLSA, class: CLASS.IN },
      ...{ pins: [], provenAtMs: never, endsAtMs: 0, triedAtMs: never, asking: null },
    };
    this.#known.set(key, made);
    return made;
  }

  /** Null: that was done in vain a moment ago. */
  #ask(known: KnownKeys): Promise<void> | null {
    const { clock, report } = this.#parts;
    const { question } = known;
    if (known.asking !== null) return known.asking;
    if (question === null || clock.monotonicMs() - known.triedAtMs < RETRY_MS) return null;
    known.triedAtMs = clock.monotonicMs();
    known.asking = this.#renew(known, question)
      .catch(report)
      .finally(() => {
        known.asking = null;
      });
    return known.asking;
  }

  async #renew(known: KnownKeys, question: Question): Promise<void> {
    const { clock, resolve } = this.#parts;
    const resolution = await resolve(question);
    const isProven = resolution.kind === 'answered' && resolution.verdict?.status === 'secure';
    if (!isProven) {
      this.#say(known, question, 'its TLSA records are not proven by DNSSEC');
      return;
    }
    known.pins = resolution.denied ? [] : pinsOf(resolution.answer);
    known.provenAtMs = clock.monotonicMs();
    const leftMs = (resolution.expiresAt - clock.unixSeconds()) * 1000;
    known.endsAtMs = known.provenAtMs + Math.max(LEAST_LIFE_MS, leftMs);
    if (known.pins.length === 0) this.#say(known, question, 'it has no TLSA record 3 1 1');
  }

  #say(known: KnownKeys, { name }: Question, why: string): void {
    const { clock, log } = this.#parts;
    if (!known.line.isDue()) return;
    const still =
      known.pins.length > 0 && clock.monotonicMs() < known.endsAtMs ? 'the known key is used on' : 'not asked';
    log.write('warning', `forward-tls-dane: ${formatName(name)}: ${why}: ${still}`);
  }
}

/** The TLSA question itself, and the DS and DNSKEY questions on the way from the root to it. */
function isOfProof(question: Question, owner: Name): boolean {
  if (question.type === TYPE.TLSA) return namesEqual(question.name, owner);
  return (question.type === TYPE.DS || question.type === TYPE.DNSKEY) && isAtOrBelow(owner, question.name);
}

function pinsOf(answer: Extract<Resolution, { kind: 'answered' }>['answer']): readonly string[] {
  const { usage, selector, matchingType, octets } = OWN_KEY_SHA256;
  return answer
    .filter(({ rrset }) => rrsetType(rrset) === TYPE.TLSA)
    .flatMap(({ rrset }) => rdatasOf(rrset))
    .flatMap((rdata) => {
      const tlsa = readTlsa(rdata);
      const counts =
        tlsa?.usage === usage &&
        tlsa.selector === selector &&
        tlsa.matchingType === matchingType &&
        tlsa.association.length === octets;
      return counts ? [toBase64(tlsa.association)] : [];
    });
}
