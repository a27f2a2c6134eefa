/**
 * Which replies and clients front threads may serve without asking: judged here, with every query that they hand over and that the
 * reply cache answers.
 *
 * A reply is for everybody when no rule and no zone that is held here is about its name; a client is like any other when it may
 * ask and nothing is configured for it alone. While each query has to be seen (log, rates, actions by listening address) nobody is.
 * Leaves to others: the memory that both are published in (front).
 */

import type { KeptReply, ReplyCache } from '../cache/reply-cache.ts';
import type { Policy } from '../policy/policy.ts';
import type { Clock } from '../ports/clock.ts';
import { parseIp } from '../wire/ip.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import type { ClientQuery } from './client-query.ts';
import type { ClientRates } from './rate-limit.ts';
import type { ServeLog } from './serve-log.ts';
import type { ServeOptions } from './serve-options.ts';

/** Where they are published. */
export interface ReplyPublisher {
  /** `client`: the 4 or 16 octets of an address; `now`: unix seconds. */
  publish(reply: KeptReply, questionEnd: number, client: Uint8Array, now: number): void;
}

/** What is judged by. */
interface PublishingParts {
  readonly clock: Clock;
  readonly publisher: ReplyPublisher;
  readonly replies: Pick<ReplyCache, 'lastServed'>;
  readonly options: ServeOptions;
  readonly log: ServeLog;
  readonly clientRates?: ClientRates | undefined;
  readonly zones?: Pick<ZoneStore, 'hasZoneFor'> | undefined;
  readonly policy?: Policy | undefined;
}

export class Publishing {
  readonly #parts: PublishingParts;

  constructor(parts: PublishingParts) {
    this.#parts = parts;
  }

  /** Each query has to be seen by the resolving thread. */
  get #seesAll(): boolean {
    const { options, log, clientRates } = this.#parts;
    // Replies are wanted by whoever follows clients too, which begins and ends at any time.
    const isLogged = log.wantsQueries || log.wantsReplies;
    return isLogged || clientRates?.isLimited === true || options.accessByListener.size > 0;
  }

  /** Publishes the reply that the query was just given from the reply cache, and its client, where that may be. */
  offer(query: ClientQuery): void {
    const { replies, publisher, clock } = this.#parts;
    if (this.#seesAll || !mayAskFreely(query) || !this.#isForAll(query)) return;
    const reply = replies.lastServed;
    const client = parseIp(query.from.ip);
    if (reply === null || client === null) return;
    publisher.publish(reply, query.questionEnd, client, clock.unixSeconds());
  }

  #isForAll(query: ClientQuery): boolean {
    const { policy, zones } = this.#parts;
    const question = query.question();
    if (policy?.isPlainClient(query.from.ip) === false || policy?.isOpenToAll(question) === false) return false;
    return zones?.hasZoneFor(question) !== true;
  }
}

/** A client whose queries are answered without a look at anything but the question. */
function mayAskFreely({ action }: ClientQuery): boolean {
  return action === 'allow' || action === 'allow_setrd' || action === 'allow_snoop';
}
