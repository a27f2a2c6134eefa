/**
 * Rows of the clauses of things that Hawser does not have (yet): dnstap, cache databases, scripts,
 * DNSCrypt, ipset. They are read in full, so that a file that works elsewhere is understood, and said to be without effect.
 */

import { count, milliseconds, path, port, portOrNone, powerOfTwo, size, text, yesNo } from './form.ts';
import { ACCEPTED, many, one, refused, UNNOTICED } from './option.ts';

/** Clause `python:`. */
export const PYTHON_ROWS = { 'python-script': many(path, ACCEPTED, 'Script of the python module.') };

/** Clause `dynlib:`. */
export const DYNLIB_ROWS = { 'dynlib-file': many(path, ACCEPTED, 'Library of the dynlib module.') };

/** Clause `ipset:`. */
export const IPSET_ROWS = {
  'name-v4': one(text, '', ACCEPTED, 'Set that IPv4 addresses of answers are added to.'),
  'name-v6': one(text, '', ACCEPTED, 'Set that IPv6 addresses of answers are added to.'),
};

/** Clause `dnscrypt:`. */
export const DNSCRYPT_ROWS = {
  'dnscrypt-enable': one(yesNo, false, refused('clients would have to ask unencrypted'), 'Listen for DNSCrypt.'),
  'dnscrypt-port': one(portOrNone, 0, ACCEPTED, 'Port that speaks it.'),
  'dnscrypt-provider': one(text, '', ACCEPTED, 'Name of the provider.'),
  'dnscrypt-secret-key': many(path, ACCEPTED, 'Secret key.'),
  'dnscrypt-provider-cert': many(path, ACCEPTED, 'Certificate.'),
  'dnscrypt-provider-cert-rotated': many(path, ACCEPTED, 'Certificate that is still accepted.'),
  'dnscrypt-shared-secret-cache-size': one(size, 4 * 1024 * 1024, ACCEPTED, 'Memory for shared secrets.'),
  'dnscrypt-shared-secret-cache-slabs': one(powerOfTwo, 4, UNNOTICED, 'Parts of that memory.'),
  'dnscrypt-nonce-cache-size': one(size, 4 * 1024 * 1024, ACCEPTED, 'Memory for nonces.'),
  'dnscrypt-nonce-cache-slabs': one(powerOfTwo, 4, UNNOTICED, 'Parts of that memory.'),
};

/** Clause `cachedb:`. */
export const CACHEDB_ROWS = {
  backend: one(text, 'testframe', ACCEPTED, 'Kind of the database.'),
  'secret-seed': one(text, 'default', ACCEPTED, 'Secret that keys are hashed with.'),
  'cachedb-no-store': one(yesNo, false, ACCEPTED, 'Read only.'),
  'cachedb-check-when-serve-expired': one(yesNo, true, ACCEPTED, 'Look there before expired data is served.'),
  'redis-server-host': one(text, '127.0.0.1', ACCEPTED, 'Redis server.'),
  'redis-server-port': one(port, 6379, ACCEPTED, 'Its port.'),
  'redis-server-path': one(path, '', ACCEPTED, 'Its unix socket, in place of host and port.'),
  'redis-server-password': one(text, '', ACCEPTED, 'Its password.'),
  'redis-timeout': one(milliseconds, 100, ACCEPTED, 'How long it may take.'),
  'redis-command-timeout': one(milliseconds, 0, ACCEPTED, 'How long a command may take; 0 for redis-timeout.'),
  'redis-connect-timeout': one(milliseconds, 0, ACCEPTED, 'How long connecting may take; 0 for redis-timeout.'),
  'redis-expire-records': one(yesNo, false, ACCEPTED, 'Let it forget records when their TTL ends.'),
  'redis-logical-db': one(count(0), 0, ACCEPTED, 'Its logical database.'),
  'redis-replica-server-host': one(text, '', ACCEPTED, 'Redis server to read from.'),
  'redis-replica-server-port': one(port, 6379, ACCEPTED, 'Its port.'),
  'redis-replica-server-path': one(path, '', ACCEPTED, 'Its unix socket.'),
  'redis-replica-server-password': one(text, '', ACCEPTED, 'Its password.'),
  'redis-replica-timeout': one(milliseconds, 100, ACCEPTED, 'How long it may take.'),
  'redis-replica-command-timeout': one(milliseconds, 0, ACCEPTED, 'How long a command may take.'),
  'redis-replica-connect-timeout': one(milliseconds, 0, ACCEPTED, 'How long connecting may take.'),
  'redis-replica-logical-db': one(count(0), 0, ACCEPTED, 'Its logical database.'),
};

/** Clause `dnstap:`. */
export const DNSTAP_ROWS = {
  'dnstap-enable': one(yesNo, false, ACCEPTED, 'Send a copy of messages to a collector.'),
  'dnstap-bidirectional': one(yesNo, true, ACCEPTED, 'Use frame streams in both directions.'),
  'dnstap-socket-path': one(path, '/run/dnstap.sock', ACCEPTED, 'Unix socket of the collector.'),
  'dnstap-ip': one(text, '', ACCEPTED, 'Address of the collector, in place of the socket.'),
  'dnstap-tls': one(yesNo, true, ACCEPTED, 'Use TLS towards that address.'),
  'dnstap-tls-server-name': one(text, '', ACCEPTED, 'Name that its certificate must hold.'),
  'dnstap-tls-cert-bundle': one(path, '', ACCEPTED, 'Authorities to check it with.'),
  'dnstap-tls-client-key-file': one(path, '', ACCEPTED, 'Private key of the client.'),
  'dnstap-tls-client-cert-file': one(path, '', ACCEPTED, 'Certificate of the client.'),
  'dnstap-send-identity': one(yesNo, false, ACCEPTED, 'Send the identity of the server.'),
  'dnstap-send-version': one(yesNo, false, ACCEPTED, 'Send the version of the server.'),
  'dnstap-identity': one(text, '', ACCEPTED, 'Identity to send; "" for the host name.'),
  'dnstap-version': one(text, '', ACCEPTED, 'Version to send; "" for the real one.'),
  'dnstap-sample-rate': one(count(0), 0, ACCEPTED, 'Send one message in so many; 0 for all.'),
  'dnstap-log-resolver-query-messages': one(yesNo, false, ACCEPTED, 'Copy queries to servers.'),
  'dnstap-log-resolver-response-messages': one(yesNo, false, ACCEPTED, 'Copy replies from servers.'),
  'dnstap-log-client-query-messages': one(yesNo, false, ACCEPTED, 'Copy queries of clients.'),
  'dnstap-log-client-response-messages': one(yesNo, false, ACCEPTED, 'Copy replies to clients.'),
  'dnstap-log-forwarder-query-messages': one(yesNo, false, ACCEPTED, 'Copy queries to forwarders.'),
  'dnstap-log-forwarder-response-messages': one(yesNo, false, ACCEPTED, 'Copy replies from forwarders.'),
};
