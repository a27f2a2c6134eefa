/**
 * Counters: what is counted, each with its meaning. Rooms count where the event happens; control turns names into
 * Unbound's statistics names.
 */

/** Every counter with what one count of it means. A room adds its row here when it starts to count. */
const COUNTER_TEXT = {
  'upstream.udp': 'datagrams sent to authoritative servers or forwarders',
  'upstream.tcp': 'questions sent over TCP to authoritative servers or forwarders',
  'upstream.tls': 'those of them over TLS',
  'opportunistic-tls.probes': 'authoritative servers tried over TLS beside a plain question (opportunistic-tls)',
  'opportunistic-tls.answers': 'answers of authoritative servers over TLS that nobody had configured',
  'opportunistic-tls.fallbacks': 'questions that went on in plain, since none came over TLS, or none that is of use',
  'upstream.timeouts': 'upstream questions that got no answer in time',
  'unwanted.replies': 'datagrams on an upstream socket that do not answer what was asked (RFC 5452 §9.1)',
  'requestlist.exceeded': 'client questions refused because too many were in progress (num-queries-per-thread)',
  'rrset.bogus': 'RRsets found bogus (num.rrset.bogus)',
  valops: 'signatures checked with a key (num.valops)',
  'aggressive.noerror': 'NODATA answers made from known denials (num.query.aggressive.NOERROR)',
  'aggressive.nxdomain': 'NXDOMAIN answers made from known denials (num.query.aggressive.NXDOMAIN)',
  'expired.served': 'answers given from expired data (num.expired)',
  prefetch: 'questions asked again before their answer expires (num.prefetch)',
  'notify.waiting': 'NOTIFY messages that waited, since the zone had just been asked for or was being transferred',
  'control.refused': 'control connections that found no place, or had to give theirs to another',
  'authzone.up': 'questions of resolution answered from local copies of zones (num.query.authzone.up)',
  'authzone.down': 'client questions answered from local copies of zones (num.query.authzone.down)',
  'ratelimit.zone': 'questions refused because their zone is asked too often (ratelimit)',
  'clock.steps': 'times that the wall clock was set while running',
  'clock.doubts': 'times that the clock was found likely to be wrong, by signatures of the root or of many zones',
  'anchor.unknown-keys': 'times that the zone of a trust anchor announced a key which is not trusted here yet',
  'anchor.old-release': 'times that the root announced a key which this release does not know',
  'cachedb.hits': 'client questions that the shared store had an answer for (num.query.cachedb)',
  'cachedb.misses': 'questions that it had nothing for, or nothing that counts',
  'cachedb.refused': 'values in it that were damaged, or not written by a host that knows the secret',
  'cachedb.bogus': 'answers out of it that did not validate',
  'cachedb.failures': 'questions to it that failed or were not answered in time',
  'cachedb.skipped': 'questions that it was not asked, since it is down or has too many',
  'cachedb.stored': 'answers that were written to it',
  'dnstap.sent': 'copies of messages given to the collector (dnstap)',
  'dnstap.dropped': 'copies dropped because the collector is slow or away',
  'cachefile.answers': 'answers that the cache file held for this process (cache-file)',
  'cachefile.dropped': 'cache files that were not believed',
  'cachefile.written': 'times that the cache file was written',
  'requestlist.overwritten': 'works thrown out to make room for a newer one (jostle-timeout)',
} as const;

/** Which counter. Bogus reasons and limits are counted as `bogus.<kind>` and `limit.<name>`, refused requests to the page as `web.refused.<why>`. */
export type CounterName =
  | keyof typeof COUNTER_TEXT
  | `bogus.${string}`
  | `limit.${string}`
  | `insecure.${string}`
  | `web.refused.${string}`;

/** A set of counters, all starting at 0. */
export class Counters {
  readonly #values = new Map<CounterName, number>();
  readonly #watchers = new Map<CounterName, (amount: number) => void>();

  add(name: CounterName, amount = 1): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
    this.#watchers.get(name)?.(amount);
  }

  /** Has `run` called whenever something is counted under this name; one watcher for each name. */
  watch(name: CounterName, run: (amount: number) => void): void {
    this.#watchers.set(name, run);
  }

  get(name: CounterName): number {
    return this.#values.get(name) ?? 0;
  }

  /** All counters that are not 0. */
  entries(): IterableIterator<[CounterName, number]> {
    return this.#values.entries();
  }

  /** Back to 0 (unbound-control stats without noreset). */
  reset(): void {
    this.#values.clear();
  }
}
