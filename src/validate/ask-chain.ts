/**
 * Gets data of the chain of trust: asks, validates, and asks other servers when what one gave is bad (val-max-restart), so
 * that one lying server among several does not make a zone bogus.
 */

import type { Failure } from '../terms/failure.ts';
import { type FoundResult, type IterationResult, validatedSetsOf } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import type { IndeterminateReason } from '../terms/verdict.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { FetchOptions } from '../work/fetch.ts';
import type { Soon } from '../work/soon.ts';
import type { ValidationContext } from './validation-context.ts';
import type { ZoneSecurity } from './zone-security.ts';

/** How chain data is asked for while nobody is to be avoided. */
const FIRST_ASKED: FetchOptions = { mode: 'for-validation' };
const NOBODY: ReadonlySet<string> = new Set();

/** What came of chain data; `T` what it is validated to when it is of use. */
interface Judged {
  readonly status: string;
}

/** Asks until what comes is not bogus, no server is left to blame, or it was asked often enough. */
export function askChain<T extends Judged>(
  validation: ValidationContext,
  question: Question,
  validate: (found: FoundResult) => Soon<T | ZoneSecurity>,
): Soon<T | ZoneSecurity> {
  return new ChainQuestion(validation, question, validate).ask(FIRST_ASKED);
}

/** One question of the chain of trust, as often as it is asked. */
class ChainQuestion<T extends Judged> {
  readonly #validation: ValidationContext;
  readonly #question: Question;
  readonly #validate: (found: FoundResult) => Soon<T | ZoneSecurity>;
  #last: T | ZoneSecurity | null = null;
  #restarts = 0;

  constructor(
    validation: ValidationContext,
    question: Question,
    validate: (found: FoundResult) => Soon<T | ZoneSecurity>,
  ) {
    this.#validation = validation;
    this.#question = question;
    this.#validate = validate;
  }

  ask(options: FetchOptions): Soon<T | ZoneSecurity> {
    const { parts, work } = this.#validation;
    const found = parts.fetch(work, this.#question, options);
    return found instanceof Promise ? found.then((late) => this.#take(late, options)) : this.#take(found, options);
  }

  #take(found: IterationResult, options: FetchOptions): Soon<T | ZoneSecurity> {
    if (found.kind === 'failed') return this.#last ?? unreachableZone(this.#validation, this.#question, found.why);
    const result = this.#validate(found);
    return result instanceof Promise
      ? result.then((late) => this.#judge(found, late, options))
      : this.#judge(found, result, options);
  }

  /** The result, unless others are to be asked. */
  #judge(found: FoundResult, result: T | ZoneSecurity, { avoid = NOBODY }: FetchOptions): Soon<T | ZoneSecurity> {
    if (result.status !== 'bogus') return result;
    this.#last = result;
    this.#validation.forgetUnchecked(this.#question);
    const blamed = avoid.has(MEMORY) ? serversOf(found) : blamedFor(found, this.#validation.now);
    const toAvoid = new Set([...avoid, ...blamed]);
    if (toAvoid.size === avoid.size || ++this.#restarts > this.#validation.parts.options.maxRestarts) return result;
    return this.ask({ mode: 'for-validation', avoid: toAvoid });
  }
}

/** No server has this name: avoiding it says that memory was used and was not good enough, so that servers must be asked. */
export const MEMORY = 'memory';

/**
 * Whom not to ask again. What was remembered may have been good for nobody since it came (RFC 4035 §4.7), and a denial of a
 * referral (it expires at once) may be short: before a server is blamed for it, the same server is asked anew.
 */
function blamedFor(found: FoundResult, now: number): readonly string[] {
  const isOfReferral = found.end.expiresAt <= now && found.end.kind !== 'answer';
  return isOfReferral || isRemembered(found, now) ? [MEMORY] : serversOf(found);
}

/** True when a part came before that second; also when its TTL was cut, which costs a question at most. */
export function isRemembered(found: FoundResult, askedAt: number): boolean {
  return validatedSetsOf(found).some(({ expiresAt, originalTtl }) => expiresAt < askedAt + originalTtl);
}

/** Every server that gave a part of what was found and is to blame when that is bad. */
function serversOf(found: FoundResult): string[] {
  const servers = [found.end.server, ...validatedSetsOf(found).map(serverToBlame)];
  return [...new Set(servers.filter((server) => server !== null))];
}

/**
 * The server of a set that may be what is bad; null for none. A proven set is not: it was cached already and stands in for the
 * same one in a bad reply, and who gave it first told the truth.
 */
export function serverToBlame({ verdict, server }: RankedRRset): string | null {
  return verdict?.status === 'secure' ? null : server;
}

/** A zone whose chain data could not be got. Not kept: the next question tries again (RFC 4035 §5.5 gives SERVFAIL). */
function unreachableZone(validation: ValidationContext, question: Question, failure: Failure): ZoneSecurity {
  const { name } = question;
  return { status: 'indeterminate', zone: name, why: unreachableReason(question, failure), expiresAt: validation.now };
}

function unreachableReason(question: Question, failure: Failure): IndeterminateReason {
  const zone = formatName(question.name);
  const data = question.type === TYPE.DS ? 'DS' : 'DNSKEY';
  switch (failure.kind) {
    case 'limit':
      return { kind: 'limit', limit: failure.limit };
    case 'deadline':
      return { kind: 'limit', limit: 'wall-time' };
    case 'cached-failure':
      return unreachableReason(question, failure.of);
    case 'no-reachable-server': {
      const how = failure.networkError ? 'network-error' : 'no-answer';
      return { kind: 'chain-data-unreachable', zone, data, how };
    }
    case 'all-servers-lame':
      return { kind: 'chain-data-unreachable', zone, data, how: 'refused' };
    default:
      return { kind: 'chain-data-unreachable', zone, data, how: 'no-answer' };
  }
}
