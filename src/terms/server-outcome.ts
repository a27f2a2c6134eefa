/** Server outcomes: how one exchange with one server went, for the choice of the next and for logs. */

/** Each with the sentence that a log line shows. */
const SERVER_OUTCOME_TEXT = {
  timeout: 'no answer in time',
  unreachable: 'no route to the server',
  'connection-refused': 'the connection was refused or broken off',
  'network-error': 'the system could not send',
  'no-sockets': 'this host has no sockets left',
  'key-unproven': 'no key of the server is proven by TLSA records (forward-tls-dane)',
  malformed: 'what came back is not a DNS message',
  'tcp-failed': 'truncated over UDP, and no answer over TCP',
  formerr: 'the server says that the question is malformed',
  servfail: 'the server failed',
  notimp: 'the server does not implement the question',
  refused: 'the server refused',
  'rcode-unusable': 'a response code that is no answer',
  lame: 'the server does not serve the zone',
  'recursion-lame': 'the server recurses instead of serving the zone',
  'upward-referral': 'the server refers upwards or to itself',
  'dnssec-lame': 'the server strips signatures',
  empty: 'a response without any record',
  'alias-unusable': 'an alias that cannot be followed',
} as const;

export type ServerOutcome = keyof typeof SERVER_OUTCOME_TEXT;
