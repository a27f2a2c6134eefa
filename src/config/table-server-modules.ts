/** Rows of the `server:` clause that belong to modules which Hawser does not have: DNS64, NAT64, client subnet, IPsec. */

import { count, path, seconds, strictCount, yesNo } from './form.ts';
import { domain, netblock } from './form-network.ts';
import { translationPrefix } from './form-zones.ts';
import { ACCEPTED, alias, DONE, many, one } from './option.ts';

const WELL_KNOWN_PREFIX = '64:ff9b::/96';

/** Part of clause `server:`. */
export const SERVER_MODULE_ROWS = {
  'dns64-prefix': one(translationPrefix, WELL_KNOWN_PREFIX, DONE, 'Prefix of synthesised AAAA records (RFC 6147).'),
  'dns64-synthall': one(yesNo, false, DONE, 'Synthesise AAAA records even where real ones exist.'),
  'dns64-ignore-aaaa': many(domain, DONE, 'Domains whose real AAAA records are ignored.'),
  'do-nat64': one(yesNo, false, DONE, 'Reach IPv4 servers through NAT64 (RFC 6052).'),
  'nat64-prefix': one(translationPrefix, WELL_KNOWN_PREFIX, DONE, 'Prefix for it; dns64-prefix when not given.'),
  'send-client-subnet': many(netblock, ACCEPTED, 'Servers that are told the network of the client (RFC 7871).'),
  'client-subnet-zone': many(domain, ACCEPTED, 'Zones whose servers are told it.'),
  'client-subnet-always-forward': one(yesNo, false, ACCEPTED, 'Pass on what the client tells, to all servers.'),
  'client-subnet-opcode': one(strictCount(0, 65535), 8, ACCEPTED, 'Code of the EDNS option.'),
  'max-client-subnet-ipv6': one(count(0, 128), 56, ACCEPTED, 'Most bits of an IPv6 client that are told.'),
  'max-client-subnet-ipv4': one(count(0, 32), 24, ACCEPTED, 'Most bits of an IPv4 client that are told.'),
  'min-client-subnet-ipv6': one(count(0, 128), 0, ACCEPTED, 'Fewest bits of an IPv6 client that an answer may be for.'),
  'min-client-subnet-ipv4': one(count(0, 32), 0, ACCEPTED, 'Fewest bits of an IPv4 client that an answer may be for.'),
  'max-ecs-tree-size-ipv4': one(
    count(0),
    100,
    ACCEPTED,
    'Answers for different IPv4 networks that are kept of one question.',
  ),
  'max-ecs-tree-size-ipv6': one(
    count(0),
    100,
    ACCEPTED,
    'Answers for different IPv6 networks that are kept of one question.',
  ),
  'ipsecmod-enabled': one(yesNo, true, ACCEPTED, 'Set up opportunistic IPsec from IPSECKEY records.'),
  'ipsecmod-hook': one(path, '', ACCEPTED, 'Program that does it.'),
  'ipsecmod-strict': one(yesNo, false, ACCEPTED, 'Answer SERVFAIL when it fails.'),
  'ipsecmod-max-ttl': one(seconds, 3600, ACCEPTED, 'Longest TTL of answers that it was done for.'),
  'ipsecmod-ignore-bogus': one(yesNo, false, ACCEPTED, 'Use bogus keys too.'),
  'ipsecmod-allow': many(domain, ACCEPTED, 'Domains that it is done for; all when none is given.'),
  'ipsecmod-whitelist': alias('ipsecmod-allow'),
};
