/** Rows of the `server:` clause about clients: access, tags, local zones, response rules, rates, cookies. */

import { cookieSecret, count, path, powerOfTwo, record, size, text, words, yesNo } from './form.ts';
import {
  listenTarget,
  localZoneOverride,
  netblock,
  perDomain,
  perListenTarget,
  perNetblock,
  perTag,
} from './form-network.ts';
import { accessAction, localZoneType, responseAction } from './form-policy.ts';
import { DONE, LIVE, many, one, UNNOTICED } from './option.ts';

const rate = count(0);
const slabs = powerOfTwo;

/** Part of clause `server:`. */
export const SERVER_POLICY_ROWS = {
  'access-control': many(
    perNetblock(accessAction),
    DONE,
    'What the clients of a netblock may do; the longest match counts, others are refused, localhost is allowed.',
  ),
  'access-control-tag': many(perNetblock(words), DONE, 'Tags of the clients of a netblock.'),
  'access-control-tag-action': many(perTag(netblock, 'action'), DONE, 'What local zones do for such clients.'),
  'access-control-tag-data': many(perTag(netblock, 'resource record'), DONE, 'Data for such clients.'),
  'access-control-view': many(perNetblock(text), DONE, 'View of the clients of a netblock.'),
  'interface-action': many(perListenTarget(accessAction), DONE, 'What clients of an interface may do.'),
  'interface-tag': many(perListenTarget(words), DONE, 'Tags of the clients of an interface.'),
  'interface-tag-action': many(perTag(listenTarget, 'action'), DONE, 'What local zones do for such clients.'),
  'interface-tag-data': many(perTag(listenTarget, 'resource record'), DONE, 'Data for such clients.'),
  'interface-view': many(perListenTarget(text), DONE, 'View of the clients of an interface.'),
  'define-tag': many(words, DONE, 'Names of tags.'),
  'unblock-lan-zones': one(
    yesNo,
    false,
    DONE,
    'Ask for names of private address space (RFC 6303) in place of answering NXDOMAIN.',
  ),
  'insecure-lan-zones': one(yesNo, false, DONE, 'Do not validate names of private address space.'),
  'local-zone': many(perDomain(localZoneType), DONE, 'How names of a zone are answered.'),
  'local-data': many(record, DONE, 'A record to answer with.'),
  'local-data-ptr': many(text, DONE, 'Address and name to answer reverse look-ups with.'),
  'local-zone-tag': many(perDomain(words), DONE, 'Tags of a local zone: only clients with one of them see it.'),
  'local-zone-override': many(localZoneOverride, DONE, 'Another type of a local zone for the clients of a netblock.'),
  'response-ip': many(perNetblock(responseAction), DONE, 'What happens to answers with an address of a netblock.'),
  'response-ip-data': many(perNetblock(record), DONE, 'What such answers are replaced with.'),
  'response-ip-tag': many(perNetblock(words), DONE, 'Tags of such a rule.'),
  ratelimit: one(rate, 0, LIVE, 'Queries per second towards the servers of a zone; 0 for any number.'),
  'ratelimit-size': one(size, 4 * 1024 * 1024, DONE, 'Memory for counting them.'),
  'ratelimit-slabs': one(slabs, 4, UNNOTICED, 'Parts of that memory; without meaning in one process.'),
  'ratelimit-factor': one(rate, 10, DONE, 'Of queries above the rate, one in so many passes; 0 for none.'),
  'ratelimit-backoff': one(yesNo, false, DONE, 'While the rate is exceeded, keep blocking.'),
  'ratelimit-for-domain': many(perDomain(rate), DONE, 'ratelimit for one zone.'),
  'ratelimit-below-domain': many(perDomain(rate), DONE, 'ratelimit for zones below a name.'),
  'ip-ratelimit': one(rate, 0, LIVE, 'Queries per second of one client address; 0 for any number.'),
  'ip-ratelimit-cookie': one(rate, 0, LIVE, 'The same for a client with a valid cookie; 0 for any number.'),
  'ip-ratelimit-size': one(size, 4 * 1024 * 1024, DONE, 'Memory for counting them.'),
  'ip-ratelimit-slabs': one(slabs, 4, UNNOTICED, 'Parts of that memory; without meaning in one process.'),
  'ip-ratelimit-factor': one(rate, 10, DONE, 'Of queries above the rate, one in so many is answered; 0 for none.'),
  'ip-ratelimit-backoff': one(yesNo, false, DONE, 'While the rate is exceeded, keep dropping.'),
  'answer-cookie': one(yesNo, false, DONE, 'Answer DNS cookies (RFC 7873, RFC 9018).'),
  'cookie-secret': one(
    cookieSecret,
    '',
    DONE,
    'Secret that cookies are made with: 128 bits in hexadecimal; without it a random one at each start.',
  ),
  'cookie-secret-file': one(
    path,
    '',
    DONE,
    'File with the secrets, a line each, the active one first; the control channel changes it without restart.',
  ),
};
