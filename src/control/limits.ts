/** Bounds of the control channel, each with unit, value and reason. */

/** StatisticsSnapshot that have no directive. */
export const CONTROL_LIMITS = {
  /** Connections open at once. Operators' tools make one each and close it; more than this is a fault or a flood. */
  connections: 64,
  /** Sockets open at once, those in their TLS handshake among them, so that whoever never says a word keeps few others out. */
  sockets: 512,
  /** TLS handshakes under way at once: the rest of the sockets is for those who have shown their certificate. */
  handshakes: 512 - 64,
  /** Octets of one line. A record of the largest rdata (65535 octets) in escaped text (`\DDD`) fits. */
  lineOctets: 300_000,
  /** Octets that one bulk command may send (local_datas, load_cache): a cache of several GB in text. */
  bulkOctets: 4 * 1024 * 1024 * 1024,
  /** Faulty lines of one bulk command that are reported; the rest is counted. The client reads nothing before it has sent all. */
  toldErrors: 1_000,
  /** Milliseconds without an octet either way until a connection is closed. Unbound waits as long (120 s). */
  idleMs: 120_000,
  /** Lines that are worked on before other events get their turn. */
  linesPerTurn: 500,
  /** Octets of a reply that are written in one turn. */
  octetsPerTurn: 65_536,
  /** Pieces of a reply that are made in one turn: each may be empty (what a dump leaves out) and has still been looked at. */
  piecesPerTurn: 500,
  /** Those who follow clients' queries at once: each costs every query a look at its name. */
  followers: 8,
  /** Client queries that `follow` shows, and the default: an operator looks at a few. */
  followedQueries: 10_000,
  /** Seconds for which `follow` goes on, and the default: nobody forgets it for days. */
  followedSeconds: 3_600,
  /** Lines that `follow` shows in a second: a flood must not take the event loop; the rest is counted. */
  followedLinesPerSecond: 500,
  /** Octets that may wait to be read while a command runs; the client is stopped above that. */
  inputOctets: 1024 * 1024,
} as const;
