/** What of a query's flags a kept reply depends on. */

import { REPLY_FLAG } from '../cache/reply-cache.ts';
import { FLAG } from '../wire/rcode.ts';

/** The reply cache's flags for a query's flags field and DO bit. @hot bench/serve-hot-query.ts */
export function replyFlags(flags: number, doBit: boolean): number {
  return (
    (doBit ? REPLY_FLAG.do : 0) |
    ((flags & FLAG.CD) !== 0 ? REPLY_FLAG.cd : 0) |
    (doBit || (flags & FLAG.AD) !== 0 ? REPLY_FLAG.ad : 0)
  );
}
