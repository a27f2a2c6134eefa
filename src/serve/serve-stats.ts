/** What serving counts, as plain numbers: the fast path adds one without a look-up. Control turns them into Unbound's names. */

/** Rcodes counted one by one; above that in the last place. */
const RCODES = 24;

/** Counters of one house's serving. */
export class ServeStats {
  queries = 0;
  queriesTcp = 0;
  queriesDo = 0;
  queriesEdns = 0;
  /** Dropped or refused by access control. */
  unwanted = 0;
  /** Turned away as malformed or not implemented. */
  unfit = 0;
  /** Answered at once, from the reply cache or the caches below it. */
  cacheHits = 0;
  /** Handed to the resolver. */
  cacheMisses = 0;
  /** Not answered because of wait-limit or the bound on waiting clients. */
  overLimit = 0;
  /** Not answered because it took longer than discard-timeout. */
  discarded = 0;
  /** Dropped because their address asks too often (ip-ratelimit). */
  overRate = 0;
  secureAnswers = 0;
  bogusAnswers = 0;
  /** Sums for the mean and the histogram of recursion: milliseconds of answered waiters. */
  recursionMs = 0;
  recursions = 0;
  /** Exceptions caught at the border of a query: each is a bug. */
  bugs = 0;
  readonly byRcode = new Float64Array(RCODES);
  readonly byType = new Map<number, number>();

  /** Counts a reply's rcode. @hot bench/serve-cached.ts */
  countRcode(rcode: number): void {
    const place = rcode < RCODES ? rcode : RCODES - 1;
    this.byRcode[place] = (this.byRcode[place] ?? 0) + 1;
  }
}
