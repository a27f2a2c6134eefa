/**
 * Rows of the `server:` clause about caches, times to live, queues and the limits of one question.
 */

import { count, type Form, FormError, milliseconds, path, powerOfTwo, seconds, size, yesNo } from './form.ts';
import { perNetblock } from './form-network.ts';
import { ACCEPTED, alias, DONE, LIVE, many, one, UNNOTICED } from './option.ts';

const MIB = 1024 * 1024;
const slabs = powerOfTwo;
const clientCount = count(0);

/** Shorter than this it would be written all the time. */
const MIN_INTERVAL_SECONDS = 10;
const MAX_INTERVAL_SECONDS = 86_400;
const anyInterval = count(0, MAX_INTERVAL_SECONDS, 'seconds');
const cacheFileInterval: Form<number> = {
  ...anyInterval,
  read: (given = '') => {
    const value = anyInterval.read(given);
    return value instanceof FormError || value === 0 || value >= MIN_INTERVAL_SECONDS
      ? value
      : new FormError(`0, or a number from ${MIN_INTERVAL_SECONDS} on expected`);
  },
};

/** Part of clause `server:`. */
export const SERVER_CACHE_ROWS = {
  'msg-cache-size': one(size, 4 * MIB, DONE, 'Memory for answers.'),
  'msg-cache-slabs': one(slabs, 4, UNNOTICED, 'Parts of that cache; without meaning in one process.'),
  'rrset-cache-size': one(size, 4 * MIB, DONE, 'Memory for RRsets; twice msg-cache-size suits.'),
  'rrset-cache-slabs': one(slabs, 4, UNNOTICED, 'Parts of that cache; without meaning in one process.'),
  'key-cache-size': one(size, 4 * MIB, DONE, 'Memory for validated zone keys.'),
  'key-cache-slabs': one(slabs, 4, UNNOTICED, 'Parts of that cache; without meaning in one process.'),
  'neg-cache-size': one(size, 1 * MIB, DONE, 'Memory for proven denials that may be used again (RFC 8198).'),
  // Our own: unbound.conf has no such file.
  'cache-file': one(
    path,
    '',
    DONE,
    'File that keeps answers over a restart, with a key of its own beside it; "" for none.',
  ),
  'cache-file-interval': one(
    cacheFileInterval,
    900,
    DONE,
    'How often it is written besides at a stop, from 10 on; 0 for only then.',
  ),
  'cache-file-size': one(size, 64 * MIB, DONE, 'Octets that it may have.'),
  'cache-max-ttl': one(seconds, 86400, LIVE, 'Longest time that data is kept.'),
  'cache-min-ttl': one(
    seconds,
    0,
    LIVE,
    'Shortest time that data is kept, but for validated data: no longer than its signature says (RFC 4035 §5.3.3).',
  ),
  'cache-max-negative-ttl': one(seconds, 3600, LIVE, 'Longest time that a denial is kept (RFC 2308).'),
  'cache-min-negative-ttl': one(seconds, 0, LIVE, 'Shortest time that a denial is kept.'),
  'infra-host-ttl': one(seconds, 900, DONE, 'How long measures of a server are kept.'),
  'infra-cache-slabs': one(slabs, 4, UNNOTICED, 'Parts of that cache; without meaning in one process.'),
  'infra-cache-numhosts': one(count(1), 10000, DONE, 'Servers that measures are kept of.'),
  'infra-cache-min-rtt': one(milliseconds, 50, DONE, 'Shortest timeout of a query.'),
  'infra-cache-max-rtt': one(
    milliseconds,
    120000,
    DONE,
    'Longest timeout of a query; beyond it a server counts as down.',
  ),
  'infra-keep-probing': one(yesNo, false, DONE, 'Keep asking servers that are down.'),
  'num-queries-per-thread': one(count(1), 2048, DONE, 'Questions that are resolved at the same time.'),
  'jostle-timeout': one(milliseconds, 200, DONE, 'When full, a question older than this makes room for a new one.'),
  'unknown-server-time-limit': one(milliseconds, 376, DONE, 'Timeout for a server that nothing is known of.'),
  'discard-timeout': one(
    milliseconds,
    1900,
    DONE,
    'A client of another host that waited longer over UDP gets no reply: it has given up, or its address is forged.',
  ),
  'wait-limit': one(
    clientCount,
    1000,
    DONE,
    'Questions that one client address may wait for, other than of this host; 0 for any number.',
  ),
  'wait-limit-cookie': one(clientCount, 10000, DONE, 'The same for a client with a valid cookie.'),
  'wait-limit-netblock': many(
    perNetblock(count(-1)),
    DONE,
    'wait-limit for the clients of a netblock; -1 for any number.',
  ),
  'wait-limit-cookie-netblock': many(perNetblock(count(-1)), DONE, 'wait-limit-cookie for the clients of a netblock.'),
  prefetch: one(yesNo, false, LIVE, 'Fetch data again when it is asked for in the last tenth of its life.'),
  'prefetch-key': one(yesNo, false, LIVE, 'Fetch DNSKEY records as soon as a DS record is seen.'),
  'serve-expired': one(yesNo, false, DONE, 'Answer with expired data when nothing better is to be had (RFC 8767).'),
  'serve-expired-ttl': one(seconds, 86400, DONE, 'How long after its expiry data may be served; 0 for ever.'),
  'serve-expired-ttl-reset': one(yesNo, false, DONE, 'Start that time again whenever fetching fails.'),
  'serve-expired-reply-ttl': one(seconds, 30, DONE, 'TTL of expired data in replies.'),
  'serve-expired-client-timeout': one(
    milliseconds,
    1800,
    DONE,
    'How long fetching may take before expired data is served; 0 serves it at once.',
  ),
  // Our own: unbound.conf has no such choice.
  'serve-expired-dane': one(
    yesNo,
    false,
    DONE,
    'Serve expired TLSA, SMIMEA, DS and DNSKEY records too; a certificate may then be checked against its old record.',
  ),
  'serve-original-ttl': one(
    yesNo,
    false,
    DONE,
    'Reply with the TTL that the server gave, not with what is left of it.',
  ),
  'outbound-msg-retry': one(count(0, 1000), 5, DONE, 'Times that one server is asked before it is given up.'),
  'max-sent-count': one(count(0, 1000), 32, DONE, 'Packets sent for one question.'),
  'max-query-restarts': one(count(0, 1000), 11, DONE, 'CNAME and DNAME steps of one question.'),
  'max-global-quota': one(count(1), 200, DONE, 'Queries to servers for one client query, side questions included.'),
  'iter-scrub-ns': one(count(0, 1000), 20, DONE, 'NS records that are used of one delegation.'),
  'iter-scrub-cname': one(count(0, 1000), 11, DONE, 'CNAME records that are used of one reply.'),
  'iter-scrub-rrsig': one(count(0, 1000), 8, DONE, 'RRSIG records that are used of one RRset.'),
  'iter-scrub-promiscuous': one(
    yesNo,
    true,
    DONE,
    'Drop NS records that a reply brings for names that it was not asked about.',
  ),
  'fast-server-permil': one(count(0, 1000), 0, DONE, 'Of 1000 queries, so many go to the fastest servers only.'),
  'low-rtt-permil': alias('fast-server-permil'),
  'low-rtt-pct': alias('fast-server-permil'),
  'low-rtt': one(milliseconds, 45, ACCEPTED, 'No more: fast-server-permil came in its place.'),
  'infra-lame-ttl': one(seconds, 900, ACCEPTED, 'No more: infra-host-ttl counts for all that is known of a server.'),
  'infra-cache-lame-size': one(
    size,
    10 * 1024,
    ACCEPTED,
    'No more: infra-cache-numhosts bounds what is known of servers.',
  ),
  'fast-server-num': one(count(1, 1000), 3, DONE, 'How many servers count as the fastest.'),
};
