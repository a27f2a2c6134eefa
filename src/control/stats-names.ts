/**
 * What statistics there are: Unbound's names in Unbound's order, how each is written, what it is as a metric, and where its
 * value comes from.
 *
 * One table for `unbound-control stats` and for the metrics endpoint, so that the two cannot differ.
 * Known limits: names of what this resolver does not have (dnscrypt, DNS over QUIC, client subnet, pythonmod) are shown as 0
 * where monitoring reads them and left out otherwise; hash chains of caches have no length here, so `max_collisions` is 0.
 */

import { COUNTED_FLAGS, FORM, type TlsaOutcome } from '../serve/serve-stats.ts';
import { BOUND_TEXT, LIMIT_TEXT } from '../terms/limit.ts';
import type { BogusReason } from '../terms/verdict.ts';
import { WEB_REFUSAL_TEXT } from '../terms/web-refusal.ts';
import type { CounterName } from '../trace/counters.ts';
import { RCODE, rcodeText } from '../wire/rcode.ts';
import { classText, typeText } from '../wire/rr-type.ts';
import { counter, gauge, type Label, labelled, none, quantile, type Read, type StatRow } from './stat-row.ts';

export const THREAD_ROWS: readonly StatRow[] = [
  counter('num.queries', 'queries_total', 'Queries of clients', ({ serve }) => serve.queries),
  counter(
    'num.queries_ip_ratelimited',
    'queries_ip_ratelimited_total',
    'Queries dropped by ip-ratelimit',
    ({ serve }) => serve.overRate,
  ),
  counter(
    'num.queries_cookie_valid',
    'queries_cookie_valid_total',
    'Queries with a valid server cookie',
    ({ serve }) => serve.cookiesValid,
  ),
  counter(
    'num.queries_cookie_client',
    'queries_cookie_client_total',
    'Queries with a client cookie only',
    ({ serve }) => serve.cookiesClient,
  ),
  counter(
    'num.queries_cookie_invalid',
    'queries_cookie_invalid_total',
    'Queries with a wrong server cookie',
    ({ serve }) => serve.cookiesInvalid,
  ),
  counter(
    'num.queries_discard_timeout',
    'queries_discard_timeout_total',
    'Replies not sent because of discard-timeout',
    ({ serve }) => serve.discarded,
  ),
  counter('num.queries_replyaddr_limit', 'queries_replyaddr_limit_total', 'Queries over the limit of one reply', none),
  counter(
    'num.queries_wait_limit',
    'queries_wait_limit_total',
    'Queries dropped because of wait-limit',
    ({ serve }) => serve.overLimit,
  ),
  counter('num.cachehits', 'cache_hits_total', 'Queries answered at once', ({ serve }) =>
    Math.max(0, serve.queries - serve.cacheMisses),
  ),
  counter('num.cachemiss', 'cache_misses_total', 'Queries that need recursion', ({ serve }) => serve.cacheMisses),
  counter('num.prefetch', 'prefetches_total', 'Answers asked for again before they expire', ({ counters }) =>
    counters.get('prefetch'),
  ),
  counter('num.queries_timed_out', 'queries_timed_out_total', 'Queries that waited too long in the socket', none),
  gauge('query.queue_time_us.max', 'query_queue_time_max_us', 'Longest wait of a query in the socket', none),
  counter('num.expired', 'expired_total', 'Replies with expired data', ({ counters }) =>
    counters.get('expired.served'),
  ),
  counter(
    'num.recursivereplies',
    'recursive_replies_total',
    'Replies after recursion',
    ({ serve }) => serve.recursions,
  ),
  counter('num.dns_error_reports', 'dns_error_reports_total', 'Reports of errors (RFC 9567)', none),
  {
    ...gauge('requestlist.avg', 'request_list_avg', 'Questions in progress that a miss found', ({ serve }) =>
      serve.cacheMisses === 0 ? 0 : serve.requestListSum / serve.cacheMisses,
    ),
    form: 'general',
  },
  gauge('requestlist.max', 'request_list_max', 'Most questions in progress', ({ serve }) => serve.requestListMax),
  counter(
    'requestlist.overwritten',
    'request_list_overwritten_total',
    'Questions thrown out for newer ones',
    ({ counters }) => counters.get('requestlist.overwritten'),
  ),
  counter(
    'requestlist.exceeded',
    'request_list_exceeded_total',
    'Questions refused because too many are in progress',
    ({ counters }) => counters.get('requestlist.exceeded'),
  ),
  gauge(
    'requestlist.current.all',
    'request_list_current_all',
    'Questions in progress',
    ({ requestList }) => requestList.all,
  ),
  gauge(
    'requestlist.current.user',
    'request_list_current_user',
    'Questions of clients in progress',
    ({ requestList }) => requestList.user,
  ),
  gauge(
    'requestlist.current.replies',
    'request_list_current_replies',
    'Clients that wait',
    ({ requestList }) => requestList.replies,
  ),
  {
    ...gauge('recursion.time.avg', 'recursion_time_seconds_avg', 'Mean time of recursion', ({ serve }) =>
      serve.recursions === 0 ? 0 : serve.recursionMs / serve.recursions / 1000,
    ),
    form: 'seconds',
  },
  {
    ...gauge('recursion.time.median', 'recursion_time_seconds_median', 'Median time of recursion', ({ serve }) =>
      quantile(serve.histogram, 0.5),
    ),
    form: 'general',
  },
  gauge('tcpusage', 'tcp_usage', 'Open connections of clients', ({ tcpUsage }) => tcpUsage),
];

const MEMORY: readonly (readonly [name: string, metric: string, label: Label, read: Read])[] = [
  ['cache.rrset', 'memory_caches_bytes', ['cache', 'rrset'], ({ caches }) => caches.rrsets.sizeBytes],
  [
    'cache.message',
    'memory_caches_bytes',
    ['cache', 'message'],
    ({ caches }) => caches.answers.sizeBytes + caches.replies.sizeBytes,
  ],
  [
    'mod.iterator',
    'memory_modules_bytes',
    ['module', 'iterator'],
    ({ caches }) => caches.delegations.sizeBytes + caches.servers.sizeBytes + caches.failures.sizeBytes,
  ],
  [
    'mod.validator',
    'memory_modules_bytes',
    ['module', 'validator'],
    ({ caches }) => caches.keys.sizeBytes + caches.denials.sizeBytes,
  ],
  ['mod.respip', 'memory_modules_bytes', ['module', 'respip'], none],
  ['mod.subnet', 'memory_modules_bytes', ['module', 'subnet'], none],
  ['streamwait', 'memory_stream_wait_bytes', ['kind', 'tcp'], none],
  ['http.query_buffer', 'memory_doh_bytes', ['buffer', 'query'], ({ httpOctets }) => httpOctets.queries],
  ['http.response_buffer', 'memory_doh_bytes', ['buffer', 'response'], ({ httpOctets }) => httpOctets.replies],
  ['quic', 'memory_quic_bytes', ['kind', 'quic'], none],
];

/** Extended statistics up to the histogram. */
export const MEMORY_ROWS: readonly StatRow[] = MEMORY.map(([name, metric, label, read]) =>
  labelled(gauge(`mem.${name}`, metric, 'Octets held', read), label),
);

/** Types, classes: those below are counted one by one. */
const SMALL_NUMBERS = 256;
const OPCODES = 16;
/** Rcodes of a header; the first six are shown even when they are 0. */
const HEADER_RCODES = 16;
const RCODES_ALWAYS = 6;

const PLAIN_COUNTERS: readonly StatRow[] = [
  counter('num.query.tcp', 'query_tcp_total', 'Queries over TCP', ({ serve }) => serve.withForm(FORM.tcp)),
  counter('num.query.tcpout', 'query_tcpout_total', 'Questions sent over TCP', ({ counters }) =>
    counters.get('upstream.tcp'),
  ),
  counter('num.query.udpout', 'query_udpout_total', 'Questions sent over UDP', ({ counters }) =>
    counters.get('upstream.udp'),
  ),
  counter('num.query.tls', 'query_tls_total', 'Queries over TLS', ({ serve }) => serve.withForm(FORM.tls)),
  counter('num.query.tls.resume', 'query_tls_resume_total', 'Queries over resumed TLS sessions', ({ serve }) =>
    serve.withForm(FORM.resumed),
  ),
  counter('num.query.ipv6', 'query_ipv6_total', 'Queries over IPv6', ({ serve }) => serve.withForm(FORM.ipv6)),
  counter('num.query.https', 'query_https_total', 'Queries over HTTPS', ({ serve }) => serve.withForm(FORM.https)),
  counter('num.query.quic', 'query_quic_total', 'Queries over QUIC', none),
];

const EDNS_ROWS: readonly StatRow[] = [
  counter('num.query.edns.present', 'query_edns_present_total', 'Queries with EDNS', ({ serve }) =>
    serve.withForm(FORM.edns),
  ),
  counter('num.query.edns.DO', 'query_edns_DO_total', 'Queries with DO', ({ serve }) => serve.withForm(FORM.dnssecOk)),
];

const VALIDATION_ROWS: readonly StatRow[] = [
  counter(
    'num.query.ratelimited',
    'query_ratelimited_total',
    'Questions over the ratelimit of a zone',
    ({ counters }) => counters.get('ratelimit.zone'),
  ),
  counter('num.answer.secure', 'answers_secure_total', 'Replies proven by DNSSEC', ({ serve }) => serve.secureAnswers),
  counter(
    'num.answer.bogus',
    'answers_bogus_total',
    'Replies to questions with bogus data',
    ({ serve }) => serve.bogusAnswers,
  ),
  counter('num.rrset.bogus', 'rrset_bogus_total', 'RRsets found bogus', ({ counters }) => counters.get('rrset.bogus')),
  counter('num.valops', 'validation_operations_total', 'Signatures checked', ({ counters }) => counters.get('valops')),
  ...(['NOERROR', 'NXDOMAIN'] as const).map((rcode) =>
    labelled(
      counter(
        `num.query.aggressive.${rcode}`,
        'query_aggressive_nsec_total',
        'Replies made of known denials',
        ({ counters }) => counters.get(rcode === 'NOERROR' ? 'aggressive.noerror' : 'aggressive.nxdomain'),
      ),
      ['rcode', rcode],
    ),
  ),
  counter(
    'unwanted.queries',
    'unwanted_queries_total',
    'Queries denied by access-control',
    ({ serve }) => serve.unwanted,
  ),
  counter('unwanted.replies', 'unwanted_replies_total', 'Replies that nobody asked for', ({ counters }) =>
    counters.get('unwanted.replies'),
  ),
  gauge('msg.cache.count', 'msg_cache_count', 'Answers in the cache', ({ caches }) => caches.answers.count),
  gauge('rrset.cache.count', 'rrset_cache_count', 'RRsets in the cache', ({ caches }) => caches.rrsets.count),
  gauge('infra.cache.count', 'infra_cache_count', 'Servers known', ({ caches }) => caches.servers.count),
  gauge('key.cache.count', 'key_cache_count', 'Zones whose trust is known', ({ caches }) => caches.keys.count),
  gauge('msg.cache.max_collisions', 'msg_cache_max_collisions', 'Always 0', none),
  gauge('rrset.cache.max_collisions', 'rrset_cache_max_collisions', 'Always 0', none),
];

/** Actions of policy zones, in Unbound's order and words. */
const POLICY_ACTIONS = [
  'rpz-nxdomain',
  'rpz-nodata',
  'rpz-passthru',
  'rpz-drop',
  'rpz-tcp-only',
  'rpz-invalid',
  'rpz-local-data',
  'rpz-disabled',
  'rpz-cname-override',
] as const;

const ZONE_ROWS: readonly StatRow[] = [
  counter(
    'num.query.authzone.up',
    'query_authzone_up_total',
    'Questions of resolution answered from local zone copies',
    ({ counters }) => counters.get('authzone.up'),
  ),
  counter(
    'num.query.authzone.down',
    'query_authzone_down_total',
    'Queries answered from local zone copies',
    ({ counters }) => counters.get('authzone.down'),
  ),
  counter('num.query.subnet', 'query_subnet_total', 'Queries with client subnet', none),
  counter('num.query.subnet_cache', 'query_subnet_cache_total', 'Replies by client subnet', none),
  counter('num.query.cachedb', 'query_cachedb_total', 'Answers from the shared cache', ({ counters }) =>
    counters.get('cachedb.hits'),
  ),
];

/** What is kept outside of the process: the store that hosts share, and the file over restarts. */
const STORED: readonly (readonly [CounterName, string])[] = [
  ['cachedb.misses', 'Questions that the shared cache had nothing for'],
  ['cachedb.refused', 'Values of the shared cache that were damaged or forged'],
  ['cachedb.bogus', 'Answers of the shared cache that did not validate'],
  ['cachedb.failures', 'Questions to the shared cache that failed or took too long'],
  ['cachedb.skipped', 'Questions that the shared cache was not asked, being down'],
  ['cachedb.stored', 'Answers written to the shared cache'],
  ['cachefile.answers', 'Answers that the cache file held for this process'],
  ['cachefile.dropped', 'Cache files that were not believed'],
  ['cachefile.written', 'Times that the cache file was written'],
];

/** Authoritative servers over TLS. */
const OPPORTUNISTIC: readonly (readonly [CounterName, string])[] = [
  ['opportunistic-tls.probes', 'Authoritative servers tried over TLS'],
  ['opportunistic-tls.answers', 'Answers of authoritative servers over TLS'],
  ['opportunistic-tls.fallbacks', 'Questions that went on in plain after TLS was of no use'],
];

/** Every kind of bogus data; the type system keeps it whole. */
const BOGUS_KINDS: Readonly<Record<BogusReason['kind'], true>> = {
  'signature-expired': true,
  'signature-not-yet-valid': true,
  'expired-before-valid': true,
  'signature-wrong': true,
  'signature-malformed': true,
  'signer-not-allowed': true,
  'label-count-wrong': true,
  'no-signature': true,
  'no-matching-key': true,
  'no-trusted-signature': true,
  'key-unusable': true,
  'algorithm-missing': true,
  'no-dnskey': true,
  'no-dnskey-matches-ds': true,
  'zone-key-bit-missing': true,
  'key-revoked': true,
  'key-protocol-wrong': true,
  'denial-missing': true,
  'denial-wrong': true,
  'wildcard-unproven': true,
  'wildcard-not-allowed': true,
  'alias-not-synthesised': true,
  'too-much-work': true,
  'chain-broken-above': true,
};
const TLSA_OUTCOMES: readonly TlsaOutcome[] = ['secure', 'insecure', 'absent', 'bogus'];

/** Statistics that Unbound does not have. */
const OWN_ROWS: readonly StatRow[] = [
  counter(
    'num.upstream.timeouts',
    'upstream_timeouts_total',
    'Questions that a server did not answer in time',
    ({ counters }) => counters.get('upstream.timeouts'),
  ),
  counter('num.tls.handshakes', 'tls_handshakes_total', 'TLS handshakes of clients', ({ serve }) => serve.handshakes),
  counter(
    'num.tls.handshakes.failed',
    'tls_handshakes_failed_total',
    'TLS handshakes of clients that ended without agreement or took too long',
    ({ serve }) => serve.failedHandshakes,
  ),
  counter(
    'num.tls.handshakes.refused',
    'tls_handshakes_refused_total',
    'TLS handshakes that did not begin: their client has too many',
    ({ serve }) => serve.refusedHandshakes,
  ),
  counter(
    'num.http.refused',
    'http_requests_refused_total',
    'HTTP requests that were turned away: no questions, or more than there is memory for',
    ({ serve }) => serve.refusedRequests,
  ),
  counter(
    'num.http.closed',
    'http_connections_closed_total',
    'HTTP connections that were closed because their client broke the rules of HTTP/2, or flooded',
    ({ serve }) => serve.faultySessions,
  ),
  counter(
    'num.notify.waiting',
    'notify_waiting_total',
    'NOTIFY messages that waited, since their zone had just been asked for or was being transferred',
    ({ counters }) => counters.get('notify.waiting'),
  ),
  counter(
    'num.control.refused',
    'control_connections_refused_total',
    'Control connections that found no place, or had to give theirs to another',
    ({ counters }) => counters.get('control.refused'),
  ),
  counter(
    'num.proxy.malformed',
    'proxy_headers_malformed_total',
    'Datagrams and connections without a PROXY header in order, where one must be',
    ({ serve }) => serve.malformedProxyHeaders,
  ),
  counter(
    'num.proxy.foreign',
    'proxy_headers_foreign_total',
    'Those from addresses that are not in proxy-protocol-from',
    ({ serve }) => serve.foreignProxies,
  ),
  ...[...OPPORTUNISTIC, ...STORED].map(([name, help]) => {
    const [family = '', what = ''] = name.split('.');
    return counter(`num.${name}`, `${family.replaceAll('-', '_')}_${what}_total`, help, ({ counters }) =>
      counters.get(name),
    );
  }),
  counter('num.clock.steps', 'clock_steps_total', 'Times that the wall clock was set', ({ counters }) =>
    counters.get('clock.steps'),
  ),
  counter('num.clock.doubts', 'clock_doubts_total', 'Times that the clock seemed to be wrong', ({ counters }) =>
    counters.get('clock.doubts'),
  ),
  counter('num.dnstap.sent', 'dnstap_messages_total', 'Messages copied for dnstap', ({ counters }) =>
    counters.get('dnstap.sent'),
  ),
  counter(
    'num.dnstap.dropped',
    'dnstap_messages_dropped_total',
    'Messages not copied because the collector is slow or away',
    ({ counters }) => counters.get('dnstap.dropped'),
  ),
  counter(
    'num.anchor.unknown_keys',
    'anchor_unknown_keys_total',
    'Times that the zone of a trust anchor announced a key which is not trusted yet',
    ({ counters }) => counters.get('anchor.unknown-keys'),
  ),
  counter(
    'num.anchor.old_release',
    'anchor_old_release_total',
    'Times that the root announced a key which this release does not know',
    ({ counters }) => counters.get('anchor.old-release'),
  ),
  ...Object.keys(BOGUS_KINDS).map((kind) =>
    labelled(
      counter(`num.bogus.${kind}`, 'bogus_total', 'Resolutions that ended bogus', ({ counters }) =>
        counters.get(`bogus.${kind}`),
      ),
      ['reason', kind],
    ),
  ),
  gauge(
    'signatures.expiring',
    'signatures_expiring',
    'Names in the cache whose signatures run out soon: their signer does not renew',
    ({ expiring }) => expiring,
  ),
  ...Object.entries(WEB_REFUSAL_TEXT).map(([why, text]) =>
    labelled(
      counter(
        `num.web.refused.${why}`,
        'web_requests_refused_total',
        `Requests to the page that were refused: ${text}`,
        ({ counters }) => counters.get(`web.refused.${why}`),
      ),
      ['why', why],
    ),
  ),
  ...Object.keys({ ...LIMIT_TEXT, ...BOUND_TEXT }).map((limit) =>
    labelled(
      counter(`num.limit.${limit}`, 'limit_total', 'Times that a limit on work was reached', ({ counters }) =>
        counters.get(`limit.${limit}`),
      ),
      ['limit', limit],
    ),
  ),
  ...TLSA_OUTCOMES.map((outcome) =>
    labelled(
      counter(
        `num.dane.tlsa.${outcome}`,
        'dane_tlsa_total',
        'Replies to TLSA questions',
        ({ serve }) => serve.tlsa[outcome],
      ),
      ['outcome', outcome],
    ),
  ),
];

/** Names of types that nobody uses any more, as Unbound writes them (IANA registry of RR types). */
const OLD_TYPES = new Map([
  [3, 'MD'],
  [4, 'MF'],
  [7, 'MB'],
  [8, 'MG'],
  [9, 'MR'],
  [10, 'NULL'],
  [11, 'WKS'],
  [14, 'MINFO'],
  [19, 'X25'],
  [20, 'ISDN'],
  [22, 'NSAP'],
  [23, 'NSAP-PTR'],
  [24, 'SIG'],
  [25, 'KEY'],
  [26, 'PX'],
  [27, 'GPOS'],
  [30, 'NXT'],
  [31, 'EID'],
  [32, 'NIMLOC'],
  [34, 'ATMA'],
  [38, 'A6'],
  [40, 'SINK'],
  [58, 'TALINK'],
  [253, 'MAILB'],
  [254, 'MAILA'],
]);

const OPCODE_NAMES = ['QUERY', 'IQUERY', 'STATUS', 'OPCODE3', 'NOTIFY', 'UPDATE'];

/** Extended statistics after the histogram, in Unbound's order; ours come last. Made for who asks: some seven hundred, which no start waits for. */
export function extendedRows(): readonly StatRow[] {
  return [
    ...numbered(SMALL_NUMBERS, (type) => typeRow(statTypeText(type), ({ serve }) => serve.byType[type] ?? 0)),
    typeRow('other', ({ serve }) => serve.otherTypes),
    ...numbered(SMALL_NUMBERS, (rrClass) => classRow(classText(rrClass), ({ serve }) => serve.byClass[rrClass] ?? 0)),
    classRow('other', ({ serve }) => serve.otherClasses),
    ...numbered(OPCODES, opcodeRow),
    ...PLAIN_COUNTERS,
    ...COUNTED_FLAGS.map(([name, flag]) =>
      labelled(
        counter(`num.query.flags.${name}`, 'query_flags_total', 'Queries by flag', ({ serve }) => serve.withFlag(flag)),
        ['flag', name],
      ),
    ),
    ...EDNS_ROWS,
    ...numbered(HEADER_RCODES, rcodeRow),
    {
      ...labelled(
        counter('num.answer.rcode.nodata', 'answer_rcodes_total', 'Replies by rcode', ({ serve }) => serve.nodata),
        ['rcode', 'nodata'],
      ),
      isOptional: true,
    },
    ...VALIDATION_ROWS,
    ...POLICY_ACTIONS.map((action) => ({
      ...labelled(
        counter(
          `num.rpz.action.${action}`,
          'rpz_action_total',
          'Answers changed by policy zones',
          ({ policyActions }) => policyActions.get(action) ?? 0,
        ),
        ['type', action],
      ),
      isOptional: true,
    })),
    ...ZONE_ROWS,
    ...OWN_ROWS,
  ];
}

function numbered(count: number, row: (n: number) => StatRow): StatRow[] {
  return Array.from({ length: count }, (_, n) => row(n));
}

function typeRow(name: string, read: Read): StatRow {
  const row = counter(`num.query.type.${name}`, 'query_types_total', 'Queries by type', read);
  return { ...labelled(row, ['type', name]), isOptional: true };
}

function classRow(name: string, read: Read): StatRow {
  const row = counter(`num.query.class.${name}`, 'query_classes_total', 'Queries by class', read);
  return { ...labelled(row, ['class', name]), isOptional: true };
}

function opcodeRow(opcode: number): StatRow {
  const name = OPCODE_NAMES[opcode] ?? `OPCODE${opcode}`;
  const row = counter(
    `num.query.opcode.${name}`,
    'query_opcodes_total',
    'Queries by opcode',
    ({ serve }) => serve.byOpcode[opcode] ?? 0,
  );
  return { ...labelled(row, ['opcode', name]), isOptional: true };
}

function rcodeRow(rcode: number): StatRow {
  // Unbound's spelling, which monitoring reads.
  const name = rcode === RCODE.NOTIMP ? 'NOTIMPL' : rcode > RCODE.NOTZONE ? `RCODE${rcode}` : rcodeText(rcode);
  const row = counter(
    `num.answer.rcode.${name}`,
    'answer_rcodes_total',
    'Replies by rcode',
    ({ serve }) => serve.byRcode[rcode] ?? 0,
  );
  return { ...labelled(row, ['rcode', name]), isOptional: rcode >= RCODES_ALWAYS };
}

function statTypeText(type: number): string {
  return OLD_TYPES.get(type) ?? typeText(type);
}
