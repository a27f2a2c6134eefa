/**
 * Rows of the `server:` clause about asking servers: hints, hardening, minimisation, private space; and about the shape
 * of replies.
 */

import { count, counts, path, strictCount, text, yesNo } from './form.ts';
import { domain, netblock, perNetblock } from './form-network.ts';
import { alias, DONE, LIVE, many, one, without } from './option.ts';

/** Part of clause `server:`. */
export const SERVER_RESOLVE_ROWS = {
  'root-hints': many(
    path,
    DONE,
    'File with the names and addresses of the root servers; the built-in list when none is given.',
  ),
  'target-fetch-policy': one(
    counts(-1, 1000),
    [3, 2, 1, 0, 0],
    DONE,
    'By depth of dependency: how many server names are looked up while a server is silent; -1 for all.',
  ),
  'harden-short-bufsize': one(yesNo, true, LIVE, 'Treat a client buffer below 512 octets as 512 (RFC 6891).'),
  'harden-large-queries': one(yesNo, false, LIVE, 'Ignore unusually large queries.'),
  'harden-glue': one(yesNo, true, LIVE, 'Use glue only for names within the zone of the server that sent it.'),
  'harden-unverified-glue': one(
    yesNo,
    false,
    LIVE,
    'Look up addresses of servers before glue from outside the zone is used.',
  ),
  'harden-dnssec-stripped': one(
    yesNo,
    true,
    LIVE,
    'A zone with a trust anchor without signatures is bogus, not insecure.',
  ),
  'harden-below-nxdomain': one(yesNo, true, LIVE, 'A proven missing name has nothing below it (RFC 8020).'),
  'harden-referral-path': one(
    yesNo,
    false,
    without('answers are validated whoever they come from'),
    'Validate the server names and addresses on the way too.',
  ),
  'harden-algo-downgrade': one(yesNo, false, LIVE, 'Want signatures of every algorithm that the DS set names.'),
  'harden-unknown-additional': one(
    yesNo,
    false,
    LIVE,
    'Drop records of the additional section that have no known use; in the authority section they always are.',
  ),
  'use-caps-for-id': one(
    yesNo,
    false,
    LIVE,
    'Vary the case of names in queries and want it back (draft-vixie-dnsext-dns0x20).',
  ),
  'caps-exempt': many(domain, DONE, 'Domains whose servers do not give it back.'),
  'caps-whitelist': alias('caps-exempt'),
  'qname-minimisation': one(yesNo, true, LIVE, 'Tell each server only the part of the name that it needs (RFC 9156).'),
  'qname-minimisation-strict': one(
    yesNo,
    false,
    LIVE,
    'Do not send the full name to servers that fail to understand this.',
  ),
  'aggressive-nsec': one(
    yesNo,
    true,
    LIVE,
    'Answer from proven NSEC, and NSEC3 without opt-out, without asking (RFC 8198).',
  ),
  'private-address': many(
    netblock,
    DONE,
    'Addresses that public names must not have: removed from answers (DNS rebinding).',
  ),
  'private-domain': many(domain, DONE, 'Domains that may have such addresses.'),
  'unwanted-reply-threshold': one(
    count(0),
    0,
    DONE,
    'After so many unwanted replies, warn and clear the caches; 0 never.',
  ),
  'do-not-query-address': many(netblock, DONE, 'Addresses never to ask.'),
  'do-not-query-localhost': one(yesNo, true, LIVE, 'Never ask the loopback addresses.'),
  'deny-any': one(yesNo, false, LIVE, 'Answer queries of type ANY with nothing (RFC 8482).'),
  'rrset-roundrobin': one(yesNo, true, LIVE, 'Turn the order of records in replies.'),
  'minimal-responses': one(
    yesNo,
    true,
    LIVE,
    "Leave authority and additional sections out where nobody needs them; with no, a zone's NS set comes if iter-scrub-promiscuous is no.",
  ),
  'disable-dnssec-lame-check': one(yesNo, false, DONE, 'Keep asking servers that lack signatures.'),
  'upstream-cookies': one(
    yesNo,
    true,
    DONE,
    'Send DNS cookies to servers and check what comes back (RFC 7873); a directive of Hawser only.',
  ),
  'edns-client-string': many(perNetblock(text), DONE, 'Text sent as an EDNS option to the servers of a netblock.'),
  'edns-client-string-opcode': one(strictCount(0, 65535), 65001, DONE, 'Code of that option.'),
};
