/** Rows of the clause `cachedb:`: a store that several hosts share, as second level of the cache. */

import { count, type Form, FormError, milliseconds, path, plainForm, port, text, yesNo } from './form.ts';
import { DONE, many, one } from './option.ts';

/** Logical databases of Redis have small numbers; this is the most that it can be told to have. */
const database = count(0, 0x7fff_ffff);

/** A server by address or name; port null: the usual one. */
const storeServer: Form<{ readonly host: string; readonly port: number | null }> = plainForm(
  'address or name[@port]',
  (given) => {
    const [, host = '', digits] = /^([^@\s]+)(?:@([0-9]{1,5}))?$/.exec(given) ?? [];
    const number = digits === undefined ? null : Number(digits);
    const isPort = number === null || (number >= 1 && number <= 65_535);
    return host !== '' && isPort
      ? { host, port: number }
      : new FormError(`address or name[@port] expected, not '${given}'`);
  },
  ({ host, port }) => (port === null ? host : `${host}@${port}`),
);

/** Clause `cachedb:`. */
export const CACHEDB_ROWS = {
  backend: one(
    text,
    'testframe',
    DONE,
    'Kind of the store: redis, which is Valkey too. Used where module-config lists cachedb before iterator.',
  ),
  'secret-seed': one(
    text,
    'default',
    DONE,
    'Secret of the hosts that share the store: values and keys in it count only under it. Must be set.',
  ),
  'cachedb-no-store': one(yesNo, false, DONE, 'Read only.'),
  'cachedb-check-when-serve-expired': one(
    yesNo,
    true,
    DONE,
    'Look there before expired data is served at once (serve-expired-client-timeout: 0).',
  ),
  'redis-server-host': one(text, '127.0.0.1', DONE, 'Redis server: an address, or a name that the system resolves.'),
  'redis-server-port': one(port, 6379, DONE, 'Its port.'),
  'redis-server-path': one(path, '', DONE, 'Its unix socket, in place of host and port.'),
  'redis-server-password': one(text, '', DONE, 'Its password; without redis-tls it goes unencrypted.'),
  'redis-timeout': one(milliseconds, 100, DONE, 'How long a question waits for it, then goes on without.'),
  'redis-command-timeout': one(milliseconds, 0, DONE, 'How long a command may take; 0 for redis-timeout.'),
  'redis-connect-timeout': one(
    milliseconds,
    0,
    DONE,
    'How long connecting may take, beside questions; 0 for redis-timeout.',
  ),
  'redis-expire-records': one(yesNo, false, DONE, 'Let it forget records when their TTL ends.'),
  'redis-logical-db': one(database, 0, DONE, 'Its logical database.'),
  'redis-replica-server-host': one(text, '', DONE, 'Redis server to read from; "" for the other one.'),
  'redis-replica-server-port': one(port, 6379, DONE, 'Its port.'),
  'redis-replica-server-path': one(path, '', DONE, 'Its unix socket, in place of host and port.'),
  'redis-replica-server-password': one(text, '', DONE, 'Its password.'),
  'redis-replica-timeout': one(milliseconds, 100, DONE, 'How long a question waits for it.'),
  'redis-replica-command-timeout': one(
    milliseconds,
    0,
    DONE,
    'How long a command may take; 0 for redis-replica-timeout.',
  ),
  'redis-replica-connect-timeout': one(
    milliseconds,
    0,
    DONE,
    'How long connecting may take; 0 for redis-replica-timeout.',
  ),
  'redis-replica-logical-db': one(database, 0, DONE, 'Its logical database.'),
  // Our own: unbound.conf has none of these.
  'redis-tls': one(
    yesNo,
    false,
    DONE,
    'Speak TLS to all its servers. Certificates hold the names or addresses written here, of authorities as for upstream servers (tls-cert-bundle, tls-system-cert).',
  ),
  'redis-sentinel': many(
    storeServer,
    DONE,
    'A sentinel that tells which server is the master now, port 26379 unless given; in place of redis-server-host.',
  ),
  'redis-sentinel-name': one(text, 'mymaster', DONE, 'What sentinels call the master.'),
  'redis-sentinel-password': one(text, '', DONE, 'Password of the sentinels.'),
  'redis-cluster': many(
    storeServer,
    DONE,
    'A server of a cluster, port 6379 unless given; in place of redis-server-host.',
  ),
};
