/**
 * Rows of the clauses of dnstap, and of things that Hawser does not have (yet): scripts,
 * DNSCrypt, ipset. They are read in full, so that a file that works elsewhere is understood, and said to be without effect.
 */

import { count, path, portOrNone, powerOfTwo, size, text, yesNo } from './form.ts';
import { collectorAddress } from './form-network.ts';
import { ACCEPTED, DONE, many, one, refused, UNNOTICED } from './option.ts';

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

/** Clause `dnstap:`. */
export const DNSTAP_ROWS = {
  'dnstap-enable': one(yesNo, false, DONE, 'Send a copy of messages to a collector.'),
  'dnstap-bidirectional': one(yesNo, true, DONE, 'Use frame streams in both directions.'),
  'dnstap-socket-path': one(path, '/run/dnstap.sock', DONE, 'Unix socket of the collector.'),
  'dnstap-ip': one(
    collectorAddress,
    null,
    DONE,
    'Address of the collector (port 53 unless @port is given), in place of the socket.',
  ),
  'dnstap-tls': one(yesNo, true, DONE, 'Use TLS towards that address.'),
  'dnstap-tls-server-name': one(
    text,
    '',
    DONE,
    'Name that its certificate must hold; "" for any name, and without dnstap-tls-cert-bundle any certificate.',
  ),
  'dnstap-tls-cert-bundle': one(path, '', DONE, 'Authorities to check it with.'),
  'dnstap-tls-client-key-file': one(path, '', DONE, 'Private key of the client.'),
  'dnstap-tls-client-cert-file': one(path, '', DONE, 'Certificate of the client.'),
  'dnstap-send-identity': one(yesNo, false, DONE, 'Send the identity of the server.'),
  'dnstap-send-version': one(yesNo, false, DONE, 'Send the version of the server.'),
  'dnstap-identity': one(text, '', DONE, 'Identity to send; "" for the host name.'),
  'dnstap-version': one(text, '', DONE, 'Version to send; "" for the real one.'),
  'dnstap-sample-rate': one(count(0), 0, DONE, 'Send one message in so many; 0 for all.'),
  'dnstap-log-resolver-query-messages': one(yesNo, false, DONE, 'Copy queries to servers.'),
  'dnstap-log-resolver-response-messages': one(yesNo, false, DONE, 'Copy replies from servers.'),
  'dnstap-log-client-query-messages': one(yesNo, false, DONE, 'Copy queries of clients.'),
  'dnstap-log-client-response-messages': one(yesNo, false, DONE, 'Copy replies to clients.'),
  'dnstap-log-forwarder-query-messages': one(yesNo, false, DONE, 'Copy queries to forwarders.'),
  'dnstap-log-forwarder-response-messages': one(yesNo, false, DONE, 'Copy replies from forwarders.'),
};
