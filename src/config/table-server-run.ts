/**
 * Rows of the `server:` clause about the process: log, statistics, user and folders, identity.
 * Leaves to others: sockets, caches, resolution, validation, policy (the other table-server files).
 */

import { count, nsid, path, secondsOrNothing, text, word, yesNo } from './form.ts';
import { listenIp, listenTargetOrPath } from './form-network.ts';
import { ACCEPTED, DONE, LIVE, many, one, without } from './option.ts';

/** Part of clause `server:`. */
export const SERVER_RUN_ROWS = {
  verbosity: one(
    count(0, 100),
    1,
    LIVE,
    'Detail of the log: 0 leaves notices out, 2 adds how each question ended, 3 who was asked, 4 each step, 5 clients.',
  ),
  'statistics-interval': one(secondsOrNothing, 0, LIVE, 'Seconds between statistics in the log; 0 writes none.'),
  'statistics-cumulative': one(yesNo, false, LIVE, 'Keep counting after statistics are shown.'),
  'extended-statistics': one(yesNo, false, LIVE, 'Show statistics by type, class, rcode and flags too.'),
  'statistics-inhibit-zero': one(yesNo, true, LIVE, 'Leave extended statistics out that are zero.'),
  'metrics-interface': many(
    listenIp,
    DONE,
    'Where Prometheus finds `GET /metrics`, port 9167 unless given; nowhere without it. There is no login: use loopback.',
  ),
  'web-interface': many(
    listenTargetOrPath,
    DONE,
    'Where a browser of this host finds the page (TLSA, DANE check, explain, health), port 8153 unless given; nowhere without it. An address of loopback, or the path of a unix socket for `ssh -L 8153:PATH HOST`; `hawser-control page_address` has the token.',
  ),
  'num-threads': one(
    count(1, 1024),
    1,
    DONE,
    'Threads that answer over UDP: the first resolves, the others answer what it has in its cache; taken at the start, 64 at most.',
  ),
  'use-systemd': one(
    yesNo,
    false,
    without('systemd is told the state and its sockets are taken whenever it asks for that'),
    'Tell systemd the state and take its sockets.',
  ),
  'do-daemonize': one(yesNo, true, DONE, 'Go to the background.'),
  chroot: one(
    path,
    '',
    without("a Node.js process cannot lock itself in; a service manager's sandbox does that"),
    'Folder that paths of files are within.',
  ),
  username: one(text, 'unbound', DONE, 'User to become after the sockets are open; "" to stay.'),
  directory: one(path, '/etc/unbound', DONE, 'Folder that relative paths are seen from.'),
  logfile: one(path, '', DONE, 'File to log into; "" for standard error.'),
  'use-syslog': one(yesNo, true, DONE, 'Log to the system log, which wins over logfile.'),
  'log-identity': one(text, '', DONE, 'Program name in log lines; "" for the real one.'),
  'log-time-ascii': one(yesNo, false, DONE, 'Write times as text in place of seconds since 1970.'),
  'log-time-iso': one(yesNo, false, DONE, 'Write times as ISO 8601, when log-time-ascii is on.'),
  'log-format': one(
    word(['text', 'json'], 'expected text or json'),
    'text',
    DONE,
    "Lines in Unbound's form, or a JSON object each; queries, replies, SERVFAIL and bogus answers with named values.",
  ),
  'log-queries': one(yesNo, false, LIVE, 'One line per query.'),
  'log-replies': one(yesNo, false, LIVE, 'One line per reply, with rcode, seconds, whether cached, and size.'),
  'log-tag-queryreply': one(yesNo, false, LIVE, 'Mark these lines as query and reply in place of info.'),
  'log-destaddr': one(yesNo, false, DONE, 'Add the address that was asked to lines about replies.'),
  'log-local-actions': one(yesNo, false, DONE, 'Log what local zones do.'),
  'log-servfail': one(yesNo, false, LIVE, 'Log why a client got SERVFAIL.'),
  'log-thread-id': one(yesNo, false, DONE, "Write the system's thread id in log lines."),
  pidfile: one(path, '/run/unbound.pid', DONE, 'File that holds the process id; "" for none.'),
  'hide-identity': one(yesNo, false, LIVE, 'Refuse id.server and hostname.bind queries.'),
  identity: one(text, '', LIVE, 'What they are answered with; "" for the host name.'),
  'hide-version': one(yesNo, false, LIVE, 'Refuse version.server and version.bind queries.'),
  version: one(text, '', LIVE, 'What they are answered with; "" for the program\'s version.'),
  'hide-http-user-agent': one(
    yesNo,
    false,
    without('the name of the program is all that is sent'),
    'Send no User-Agent when zones are fetched over HTTP.',
  ),
  'http-user-agent': one(text, '', ACCEPTED, 'The User-Agent to send; "" for the name of the program.'),
  nsid: one(
    nsid,
    '',
    DONE,
    'Identifier of this server for clients that ask (RFC 5001): hexadecimal or ascii_ and text.',
  ),
  'shm-enable': one(yesNo, false, ACCEPTED, 'Share statistics in memory; the control channel tells them here.'),
  'shm-key': one(count(), 11777, ACCEPTED, 'Key of that memory.'),
  'hide-trustanchor': one(yesNo, false, LIVE, 'Refuse trustanchor.unbound queries.'),
};
