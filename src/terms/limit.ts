/** Names of the limits of one client query (CAMP, NXNS, KeyTrap and others): which budget ran out. */

/** Each with the sentence that a log line or an extended error shows. */
export const LIMIT_TEXT = {
  'upstream-queries': 'too many upstream queries for one client query (max-global-quota)',
  'sent-count': 'too many packets sent for one question (max-sent-count)',
  referrals: 'too many referrals for one question',
  aliases: 'too many CNAME or DNAME restarts (max-query-restarts)',
  'failed-servers': 'too many servers of one zone failed for one question',
  'failed-queries': 'too many upstream queries of one question were of no use',
  'address-queries': 'too many upstream queries to find addresses of the servers of one zone',
  'target-lookups': 'too many address look-ups of server names',
  'target-nxdomains': 'too many server names that do not exist',
  'address-depth': 'address look-ups nested too deep (target-fetch-policy)',
  'signature-checks': 'too many signature checks',
  'ds-match-failures': 'too many DS records that match no key',
  'nsec3-hashes': 'too many NSEC3 hash calculations',
  'wall-time': 'the question took too long',
} as const;

export type Limit = keyof typeof LIMIT_TEXT;

/** Bounds that make no question fail: what is over them is left out or waits. Counted like limits. */
export const BOUND_TEXT = {
  'message-sets': 'too many record sets in one message: the rest was left out',
  'server-addresses': 'too many addresses of servers of one zone: the rest was left out',
  'cache-share': 'one message would fill too much of the cache: the rest was not kept',
  'policy-records': 'too many records or types at one name of local data or of a policy zone: the rest was left out',
  'tcp-places': 'a server kept a connection waiting while others needed its place (outgoing-num-tcp)',
} as const;
