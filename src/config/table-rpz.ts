/** Rows of clause `rpz:`, a response policy zone. */

import { count, milliseconds, path, text, words, yesNo } from './form.ts';
import { domain } from './form-network.ts';
import { policyAction } from './form-policy.ts';
import { notifySource, primary, zoneUrl } from './form-zones.ts';
import { alias, DONE, many, one, required } from './option.ts';

/** Clause `rpz:`. */
export const RPZ_ROWS = {
  name: required(domain, DONE, 'Name of the policy zone.'),
  primary: many(primary, DONE, 'Server to transfer the zone from; the last line is tried first.'),
  master: alias('primary'),
  url: many(zoneUrl, DONE, 'URL to fetch the zone from; the last line is tried first.'),
  'allow-notify': many(notifySource, DONE, 'Who may notify of changes besides the primaries.'),
  zonefile: one(path, '', DONE, 'File that holds the zone.'),
  'rpz-action-override': one(policyAction, '', DONE, "What to do in place of the zone's own actions."),
  'rpz-cname-override': one(text, '', DONE, 'Name to redirect to when that is cname.'),
  'rpz-log': one(yesNo, false, DONE, 'Log what the zone does.'),
  'rpz-log-name': one(text, '', DONE, 'Name for these lines.'),
  'rpz-signal-nxdomain-ra': one(yesNo, false, DONE, 'Clear RA in NXDOMAIN replies that the zone makes.'),
  'for-downstream': one(yesNo, false, DONE, 'Answer clients that ask for the zone itself.'),
  tags: one(words, [], DONE, 'Clients with one of these tags are subject to it.'),
  'max-transfer-size': one(
    count(0, Number.MAX_SAFE_INTEGER, 'octets'),
    0,
    DONE,
    'Largest zone that is transferred; 0 for any.',
  ),
  'max-transfer-time': one(milliseconds, 0, DONE, 'Longest time that a transfer may take; 0 for any.'),
};
