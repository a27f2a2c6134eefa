/** Rows of the `server:` clause about TLS, HTTP and QUIC, towards clients and servers. */

import { count, path, port, seconds, size, text, words, yesNo } from './form.ts';
import { ACCEPTED, alias, DONE, many, one } from './option.ts';

/** Seconds. */
const DAY = 86_400;

/** Part of clause `server:`. */
export const SERVER_TLS_ROWS = {
  'tls-upstream': one(yesNo, false, DONE, 'Ask all servers over TLS.'),
  'ssl-upstream': alias('tls-upstream'),
  'opportunistic-tls': one(
    yesNo,
    false,
    DONE,
    'Ask authoritative servers over TLS, unauthenticated, where they take it at port 853, else in plain (RFC 9539). Our own.',
  ),
  'opportunistic-tls-persistence': one(
    seconds,
    3 * DAY,
    DONE,
    'How long a server is asked over TLS alone after its last answer over it. Our own.',
  ),
  'opportunistic-tls-damping': one(
    seconds,
    DAY,
    DONE,
    'How long a server that failed over TLS is asked in plain before TLS is tried again. Our own.',
  ),
  'opportunistic-tls-timeout': one(
    count(1, 60_000, 'milliseconds'),
    4000,
    DONE,
    'How long a server has to answer over TLS, beside a plain question; who does not has failed. Our own.',
  ),
  'opportunistic-tls-connections': one(
    count(1, 10_000),
    100,
    DONE,
    'Such connections open at once, beside those of outgoing-num-tcp; a quarter of them may be of servers that are tried. Our own.',
  ),
  'tls-service-key': one(path, '', DONE, 'Private key for DNS over TLS towards clients (RFC 7858), in PEM form.'),
  'ssl-service-key': alias('tls-service-key'),
  'tls-service-pem': one(path, '', DONE, 'Certificate for DNS over TLS towards clients, and those of its issuers.'),
  'ssl-service-pem': alias('tls-service-pem'),
  'tls-port': one(port, 853, DONE, 'Port that speaks TLS, and nothing else, where interface names it.'),
  'ssl-port': alias('tls-port'),
  'tls-cert-bundle': one(path, '', DONE, 'Certificates of the authorities that upstream servers are checked with.'),
  'ssl-cert-bundle': alias('tls-cert-bundle'),
  'tls-win-cert': alias('tls-system-cert'),
  'tls-system-cert': one(yesNo, false, DONE, "Check with the certificates of the system's store."),
  'tls-additional-port': many(port, DONE, 'More ports that speak TLS.'),
  'tls-additional-ports': alias('tls-additional-port'),
  'additional-tls-port': alias('tls-additional-port'),
  'additional-ssl-port': alias('tls-additional-port'),
  'tls-session-ticket-keys': many(
    path,
    DONE,
    'File of 80 random octets, the same on all hosts of a farm, for session tickets; the first file counts.',
  ),
  'tls-ciphers': one(text, '', DONE, 'Ciphers up to TLS 1.2 towards clients, as OpenSSL writes them.'),
  'tls-ciphersuites': one(text, '', DONE, 'Cipher suites of TLS 1.3 towards clients, as OpenSSL writes them.'),
  'tls-use-sni': one(yesNo, true, DONE, "Send the server's name, which goes unencrypted, when connecting over TLS."),
  'tls-protocols': one(
    words,
    ['TLSv1.2', 'TLSv1.3'],
    DONE,
    'TLS versions to speak, towards clients and servers: TLSv1.2, TLSv1.3.',
  ),
  'pad-responses': one(yesNo, true, DONE, 'Pad replies over TLS when the query was padded (RFC 7830).'),
  'pad-responses-block-size': one(count(0, 65535, 'octets'), 468, DONE, 'Pad them to multiples of this (RFC 8467).'),
  'pad-queries': one(yesNo, true, DONE, 'Pad queries over TLS.'),
  'pad-queries-block-size': one(count(0, 65535, 'octets'), 128, DONE, 'Pad them to multiples of this (RFC 8467).'),
  'https-port': one(
    port,
    443,
    DONE,
    'Port that speaks DNS over HTTPS (HTTP/2), and nothing else, where interface names it (RFC 8484).',
  ),
  'http-endpoint': one(text, '/dns-query', DONE, 'Path of the HTTP endpoint.'),
  'http-max-streams': one(count(1), 100, DONE, 'Requests of one HTTP/2 connection at once.'),
  'http-query-buffer-size': one(size, 4 * 1024 * 1024, DONE, 'Memory for bodies of HTTP requests that are not whole.'),
  'http-response-buffer-size': one(size, 4 * 1024 * 1024, DONE, 'Memory for replies that HTTP clients have not read.'),
  'http-nodelay': one(yesNo, true, DONE, 'Send HTTP segments at once.'),
  'http-notls-downstream': one(
    yesNo,
    false,
    DONE,
    'Speak HTTP without TLS at https-port, for a proxy that adds it; then no key is needed.',
  ),
  'quic-port': one(port, 853, ACCEPTED, 'UDP port that speaks DNS over QUIC where interface names it (RFC 9250).'),
  'quic-size': one(size, 8 * 1024 * 1024, ACCEPTED, 'Memory for QUIC.'),
};
