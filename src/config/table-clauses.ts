/**
 * Rows of the clauses beside `server:` that Hawser has: remote-control, stub-zone, forward-zone, auth-zone, view.
 * Leaves to others: clauses of modules that Hawser lacks (table-foreign-clauses.ts).
 */

import { count, milliseconds, path, port, record, text, yesNo } from './form.ts';
import {
  domain,
  keyPin,
  listenTargetOrPath,
  perNetblock,
  serverAddress,
  serverName,
  zoneLine,
} from './form-network.ts';
import { responseAction } from './form-policy.ts';
import { notifySource, primary, zoneUrl } from './form-zones.ts';
import { alias, DONE, many, one, required } from './option.ts';

/** Clause `remote-control:`. */
export const REMOTE_CONTROL_ROWS = {
  'control-enable': one(yesNo, false, DONE, 'Listen for the control program.'),
  'control-interface': many(
    listenTargetOrPath,
    DONE,
    'Where to listen for it: an address (127.0.0.1 and ::1 when none is given) or the path of a unix socket.',
  ),
  'control-port': one(port, 8953, DONE, 'Port of the control channel.'),
  'control-use-cert': one(yesNo, true, DONE, 'Want certificates on both sides; a unix socket never does.'),
  'server-key-file': one(
    path,
    '/etc/unbound/unbound_server.key',
    DONE,
    'Private key of the daemon for the control channel.',
  ),
  'server-cert-file': one(
    path,
    '/etc/unbound/unbound_server.pem',
    DONE,
    'Certificate of the daemon for the control channel.',
  ),
  'control-key-file': one(path, '/etc/unbound/unbound_control.key', DONE, 'Private key of the control program.'),
  'control-cert-file': one(path, '/etc/unbound/unbound_control.pem', DONE, 'Certificate of the control program.'),
};

/** Clause `stub-zone:`: a zone whose authoritative servers are given. */
export const STUB_ZONE_ROWS = {
  name: required(domain, DONE, 'Name of the zone.'),
  'stub-host': many(serverName, DONE, 'Server by name.'),
  'stub-addr': many(serverAddress, DONE, 'Server by address; @ before a port, # before the name in its certificate.'),
  'stub-prime': one(yesNo, false, DONE, "Ask the servers for the zone's NS set first, as is done for the root."),
  'stub-first': one(yesNo, false, DONE, 'When the servers fail, resolve without them.'),
  'stub-tls-upstream': one(yesNo, false, DONE, 'Ask the servers over TLS.'),
  'stub-ssl-upstream': alias('stub-tls-upstream'),
  'stub-tls-pin': many(keyPin, DONE, 'Key that the servers must have, one of several (our own directive).'),
  'stub-tcp-upstream': one(yesNo, false, DONE, 'Ask the servers over TCP.'),
  'stub-no-cache': one(yesNo, false, DONE, 'Do not keep what the servers say.'),
};

/** Clause `forward-zone:`: a zone that is resolved by asking other resolvers. */
export const FORWARD_ZONE_ROWS = {
  name: required(domain, DONE, 'Name of the zone; "." for everything.'),
  'forward-host': many(serverName, DONE, 'Resolver by name.'),
  'forward-addr': many(
    serverAddress,
    DONE,
    'Resolver by address; @ before a port, # before the name in its certificate.',
  ),
  'forward-first': one(yesNo, false, DONE, 'When the resolvers fail, resolve without them.'),
  'forward-tls-upstream': one(yesNo, false, DONE, 'Ask the resolvers over TLS.'),
  'forward-ssl-upstream': alias('forward-tls-upstream'),
  'forward-tls-pin': many(keyPin, DONE, 'Key that the resolvers must have, one of several (our own directive).'),
  'forward-tls-dane': one(
    yesNo,
    false,
    DONE,
    'Resolvers must have a key of the TLSA records (3 1 1) of their name, proven by DNSSEC, also where the records come from themselves. Our own.',
  ),
  'forward-tcp-upstream': one(yesNo, false, DONE, 'Ask the resolvers over TCP.'),
  'forward-no-cache': one(yesNo, false, DONE, 'Do not keep what the resolvers say.'),
};

/** Clause `auth-zone:`: a zone that is kept as a local copy. */
export const AUTH_ZONE_ROWS = {
  name: required(domain, DONE, 'Name of the zone.'),
  primary: many(
    primary,
    DONE,
    'Server to transfer the zone from: address or name, @ before a port, # before the name in its certificate. The last line is tried first.',
  ),
  master: alias('primary'),
  url: many(zoneUrl, DONE, 'URL to fetch the zone from; the last line is tried first.'),
  'allow-notify': many(notifySource, DONE, 'Who may notify of changes besides the primaries.'),
  'fallback-enabled': one(yesNo, false, DONE, 'Ask the servers of the zone when the copy is not there.'),
  'for-downstream': one(yesNo, true, DONE, 'Answer clients from it with authority.'),
  'for-upstream': one(yesNo, true, DONE, 'Use it for resolution in place of asking.'),
  'zonemd-check': one(yesNo, false, DONE, 'Check the digest of the zone (RFC 8976).'),
  'zonemd-reject-absence': one(yesNo, false, DONE, 'Refuse a zone without digest.'),
  zonefile: one(path, '', DONE, 'File that holds the zone.'),
  'max-transfer-size': one(
    count(0, Number.MAX_SAFE_INTEGER, 'octets'),
    0,
    DONE,
    'Largest zone that is transferred; 0 for any.',
  ),
  'max-transfer-time': one(milliseconds, 0, DONE, 'Longest time that a transfer may take; 0 for any.'),
};

/** Clause `view:`: local zones and rules for some clients. */
export const VIEW_ROWS = {
  name: required(text, DONE, 'Name of the view, for access-control-view.'),
  'local-zone': many(zoneLine, DONE, 'How names of a zone are answered in the view.'),
  'local-data': many(record, DONE, 'A record to answer with.'),
  'local-data-ptr': many(text, DONE, 'Address and name to answer reverse look-ups with.'),
  'response-ip': many(perNetblock(responseAction), DONE, 'What happens to answers with an address of a netblock.'),
  'response-ip-data': many(perNetblock(record), DONE, 'What such answers are replaced with.'),
  'view-first': one(yesNo, false, DONE, "Try the server's local zones too when the view has nothing."),
};
