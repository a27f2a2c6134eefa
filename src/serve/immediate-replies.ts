/** Replies that are given at once: each is counted and logged here, whichever stage makes it. */

import type { ReplySecurity } from '../cache/reply-cache.ts';
import type { ClientQuery } from './client-query.ts';
import type { ErrorReply } from './error-replies.ts';
import type { ReplyComposer } from './reply-composer.ts';
import type { ServeLog } from './serve-log.ts';
import type { ServeStats } from './serve-stats.ts';

/** What they are made of. */
interface ImmediateReplyParts {
  readonly stats: ServeStats;
  readonly log: ServeLog;
  readonly composer: ReplyComposer;
}

/** Gives replies at once. */
export class ImmediateReplies {
  readonly #parts: ImmediateReplyParts;

  constructor(parts: ImmediateReplyParts) {
    this.#parts = parts;
  }

  /** The reply of `octets` that stands in `query.out` is given; `status`: what DNSSEC said of it. @hot bench/serve-hot-query.ts */
  given(query: ClientQuery, octets: number, status: ReplySecurity = 'plain'): number {
    const { stats, log } = this.#parts;
    stats.cacheHits++;
    stats.countReply(query.out, query.type, status);
    if (log.wantsReplies) log.immediateReply(query, octets, (query.out[3] ?? 0) & 15);
    return octets;
  }

  /** Composes a reply without records and gives it; returns its length. */
  replyError(query: ClientQuery, reply: ErrorReply): number {
    const { stats, log, composer } = this.#parts;
    const octets = composer.composeError(query, reply);
    stats.countErrorReply(reply.rcode);
    if (log.wantsReplies) log.immediateReply(query, octets, reply.rcode);
    return octets;
  }
}
