/**
 * Rows of the `server:` clause about sockets on both sides: plain, TCP, and what surrounds the payload (EDNS sizes).
 * Leaves to others: TLS and HTTP (table-server-tls.ts).
 */

import { count, milliseconds, port, portRange, seconds, size, strictCount, text, word, yesNo } from './form.ts';
import { listenTarget, netblock, outgoingAddress, perNetblock } from './form-network.ts';
import { ACCEPTED, alias, DONE, LIVE, many, one } from './option.ts';

/** Part of clause `server:`. */
export const SERVER_SOCKET_ROWS = {
  port: one(port, 53, DONE, 'Port to listen on where interface names none.'),
  interface: many(listenTarget, DONE, 'Address or interface to listen on; 127.0.0.1 and ::1 when none is given.'),
  'ip-address': alias('interface'),
  'interface-automatic': one(
    yesNo,
    false,
    DONE,
    'Listen on all addresses that the host has at start or reload, in place of those of interface.',
  ),
  'interface-automatic-ports': one(
    text,
    '',
    DONE,
    'Ports for interface-automatic, divided by spaces; port when empty.',
  ),
  'outgoing-interface': many(
    outgoingAddress,
    DONE,
    'Address to ask from; of several, one is chosen at random for each query, of a netblock any, which must be routed to this host; not with udp-engine: dgram.',
  ),
  'outgoing-range': one(count(1, 65535), 4096, DONE, 'Sockets that may be open towards servers.'),
  'outgoing-port-permit': many(portRange, DONE, 'Ports to ask from, added to those above 1023.'),
  'outgoing-port-avoid': many(portRange, DONE, 'Ports never to ask from.'),
  'outgoing-num-tcp': one(count(0, 65535), 10, DONE, 'TCP connections that may be open towards servers.'),
  'incoming-num-tcp': one(count(0, 65535), 10, DONE, 'TCP connections that clients may have open.'),
  'edns-buffer-size': one(
    count(12, 65535, 'octets'),
    1232,
    DONE,
    'Largest UDP reply that servers are asked for (RFC 6891).',
  ),
  'max-udp-size': one(count(12, 65535, 'octets'), 1232, LIVE, 'Largest UDP reply to clients, whatever they ask for.'),
  'stream-wait-size': one(size, 4 * 1024 * 1024, ACCEPTED, 'Memory for replies that wait for slow streams.'),
  'msg-buffer-size': one(count(4096, 1024 * 1024, 'octets'), 65552, ACCEPTED, 'Size of a message buffer.'),
  'delay-close': one(
    milliseconds,
    0,
    DONE,
    'How long a socket without an answer stays open, so that a late one meets no closed port; it counts for outgoing-range.',
  ),
  'udp-connect': one(yesNo, true, DONE, 'Connect UDP sockets towards servers, so that ICMP errors arrive.'),
  'udp-engine': one(
    word(['auto', 'dgram', 'ffi'], 'expected auto, dgram or ffi'),
    'auto',
    DONE,
    "What datagrams go through: the system's own calls in batches (ffi: no start without them), Node's dgram, or the first that works.",
  ),
  'so-rcvbuf': one(size, 0, DONE, "Receive buffer of listening sockets; 0 for the system's."),
  'so-sndbuf': one(size, 4 * 1024 * 1024, DONE, "Send buffer of listening sockets; 0 for the system's."),
  'so-reuseport': one(yesNo, true, ACCEPTED, 'Give each worker its own socket on the same port.'),
  'ip-transparent': one(
    yesNo,
    false,
    DONE,
    'Listen also on addresses that the host does not have, even by what a firewall leads here; wait for them with udp-engine: dgram.',
  ),
  'ip-freebind': one(
    yesNo,
    false,
    DONE,
    'Listen also on addresses that the host does not have yet, and wait for interfaces; for both with udp-engine: dgram.',
  ),
  'ip-dscp': one(strictCount(0, 63), 0, ACCEPTED, 'Differentiated services code point of sent packets.'),
  'do-ip4': one(yesNo, true, DONE, 'Use IPv4, towards clients and servers.'),
  'do-ip6': one(yesNo, true, DONE, 'Use IPv6, towards clients and servers.'),
  'prefer-ip4': one(yesNo, false, DONE, 'Ask servers over IPv4 when they have both.'),
  'prefer-ip6': one(yesNo, false, DONE, 'Ask servers over IPv6 when they have both.'),
  'do-udp': one(yesNo, true, DONE, 'Use UDP, towards clients and servers.'),
  'do-tcp': one(yesNo, true, DONE, 'Use TCP, towards clients and servers (RFC 7766 wants it).'),
  'tcp-mss': one(count(0, 65535, 'octets'), 0, ACCEPTED, "Maximum segment size towards clients; 0 for the system's."),
  'outgoing-tcp-mss': one(
    count(0, 65535, 'octets'),
    0,
    ACCEPTED,
    "Maximum segment size towards servers; 0 for the system's.",
  ),
  'tcp-idle-timeout': one(
    milliseconds,
    30000,
    DONE,
    'How long an idle TCP client is kept; less when few connections are free.',
  ),
  'tcp-reuse-timeout': one(milliseconds, 60000, DONE, 'How long an idle TCP connection to a server is kept.'),
  'max-reuse-tcp-queries': one(count(1, 65535), 200, DONE, 'Queries on one TCP connection to a server.'),
  'tcp-auth-query-timeout': one(milliseconds, 3000, DONE, 'How long a TCP reply from a server is waited for.'),
  'edns-tcp-keepalive': one(yesNo, false, DONE, 'Offer keepalive to TCP clients (RFC 7828).'),
  'edns-tcp-keepalive-timeout': one(milliseconds, 120000, DONE, 'How long an idle client with keepalive is kept.'),
  'sock-queue-timeout': one(seconds, 0, ACCEPTED, 'Drop queries that waited longer in the socket; 0 never.'),
  'tcp-upstream': one(yesNo, false, LIVE, 'Ask servers over TCP only.'),
  'udp-upstream-without-downstream': one(yesNo, false, DONE, 'Ask servers over UDP even if do-udp is no.'),
  'proxy-protocol-port': many(
    port,
    DONE,
    'Listening ports, plain or encrypted, at which a PROXYv2 header comes first and names the client.',
  ),
  'proxy-protocol-from': many(
    netblock,
    DONE,
    'Who may say so (our own directive); without it whoever reaches such a port may claim any address.',
  ),
  'tcp-connection-limit': many(
    perNetblock(count(0)),
    DONE,
    'TCP connections that all clients of a netblock together may have at once; of nested ones the longest prefix counts.',
  ),
};
