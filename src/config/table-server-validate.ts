/** Rows of the `server:` clause about DNSSEC: modules, anchors, times, strictness, extended errors. */

import { BY_THE_CLOCK } from '../dnssec/signature-time.ts';
import { count, iterationBounds, path, record, seconds, validationTime, word, words, yesNo } from './form.ts';
import { domain } from './form-network.ts';
import { ACCEPTED, DONE, LIVE, many, one } from './option.ts';

const DAY_SECONDS = 86400;

/** Part of clause `server:`. */
export const SERVER_VALIDATE_ROWS = {
  'module-config': one(
    words,
    ['validator', 'iterator'],
    DONE,
    'Stages of resolution: with validator answers are validated, without it they are not.',
  ),
  'trust-anchor-file': many(path, DONE, 'File with DS and DNSKEY records to trust.'),
  'auto-trust-anchor-file': many(path, DONE, 'File with the trust anchors of a zone, kept up to date (RFC 5011).'),
  'trust-anchor': many(record, DONE, 'A DS or DNSKEY record to trust.'),
  'trusted-keys-file': many(path, DONE, 'File (or glob) with trusted-keys statements as BIND 9 writes them.'),
  'dlv-anchor-file': one(path, '', ACCEPTED, 'Look-aside validation, which is no more (RFC 8749).'),
  'dlv-anchor': many(record, ACCEPTED, 'Look-aside validation, which is no more (RFC 8749).'),
  'trust-anchor-signaling': one(
    yesNo,
    true,
    DONE,
    'Tell the servers of a trust anchor which of its keys are trusted (RFC 8145).',
  ),
  'root-key-sentinel': one(
    yesNo,
    true,
    DONE,
    'Let clients find out which keys of the root are trusted: root-key-sentinel-is-ta-... (RFC 8509).',
  ),
  'domain-insecure': many(domain, DONE, 'Domain below which nothing is validated (RFC 7646).'),
  'val-override-date': one(
    validationTime,
    BY_THE_CLOCK,
    DONE,
    'Check signatures at this time; 0 for the clock, -1 to ignore dates. For debugging.',
  ),
  'val-sig-skew-min': one(seconds, 3600, DONE, 'Least tolerance for wrong clocks, around the times of a signature.'),
  'val-sig-skew-max': one(seconds, 86400, DONE, 'Most tolerance; in between it is a tenth of the lifetime.'),
  'val-max-restart': one(count(0, 100), 5, DONE, 'How often other servers are tried when validation fails.'),
  'val-bogus-ttl': one(seconds, 60, DONE, 'How long bogus data is remembered as such.'),
  'val-clean-additional': one(yesNo, true, DONE, 'Remove unsigned data from the additional section of secure answers.'),
  'val-log-level': one(count(0, 2), 0, LIVE, 'Log validation failures: 1 a line, 2 with reason and server.'),
  'val-permissive-mode': one(yesNo, false, LIVE, 'Mark bogus data only, do not withhold it.'),
  'val-legacy-algorithms': one(
    yesNo,
    false,
    DONE,
    'Verify algorithms that nobody should sign with any more (RSA/MD5, DSA, short RSA keys). For tests.',
  ),
  'crypto-engine': one(
    word(['auto', 'node', 'ffi'], 'expected auto, node or ffi'),
    'auto',
    DONE,
    "What P-256 signatures are checked by: OpenSSL's own functions (ffi: no start without them), Node's crypto, or the first that works.",
  ),
  'val-sha1': one(
    yesNo,
    true,
    DONE,
    'Verify SHA-1 algorithms and digests; no: they make a zone insecure (RFC 9905); a directive of Hawser only.',
  ),
  'fake-sha1': one(yesNo, false, DONE, 'Take SHA-1 signatures for supported whatever the policy. For tests.'),
  'fake-dsa': one(yesNo, false, DONE, 'Take DSA signatures for supported whatever the policy. For tests.'),
  'ignore-cd-flag': one(yesNo, false, LIVE, 'Withhold bogus data even from clients that check by themselves.'),
  'disable-edns-do': one(yesNo, false, DONE, 'Do not ask servers for DNSSEC records; nothing can be validated then.'),
  'val-nsec3-keysize-iterations': one(
    iterationBounds,
    [
      { keySizeBits: 1024, iterations: 150 },
      { keySizeBits: 2048, iterations: 150 },
      { keySizeBits: 4096, iterations: 150 },
    ],
    DONE,
    'NSEC3 iterations that are accepted, by key size; more make a zone insecure (RFC 9276).',
  ),
  'zonemd-permissive-mode': one(yesNo, false, DONE, 'Only log when the digest of a zone does not match (RFC 8976).'),
  'add-holddown': one(
    seconds,
    30 * DAY_SECONDS,
    DONE,
    'How long a new trust anchor must be seen before it is trusted (RFC 5011).',
  ),
  'del-holddown': one(seconds, 30 * DAY_SECONDS, DONE, 'How long a revoked trust anchor is kept in the file.'),
  'keep-missing': one(
    seconds,
    366 * DAY_SECONDS,
    DONE,
    'How long a missing trust anchor is kept in the file; 0 for ever.',
  ),
  'permit-small-holddown': one(yesNo, false, DONE, 'Obey short hold-down times. For debugging.'),
  ede: one(yesNo, true, LIVE, 'Say in replies why there is no good answer (RFC 8914).'),
  'ede-serve-expired': one(yesNo, false, LIVE, 'Say in replies that data has expired (RFC 8914, code 3).'),
  'dns-error-reporting': one(yesNo, false, ACCEPTED, "Report failures to the zone's agent (RFC 9567)."),
};
