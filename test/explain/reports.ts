/** A report of a chain that holds, for pictures of it. */

import type { KeyLine, Report, SetLine, ZoneLine } from '../../src/explain/report.ts';

export const KEY: KeyLine = {
  keyTag: 4711,
  algorithm: 13,
  algorithmName: 'ECDSAP256SHA256',
  bits: 256,
  flags: 257,
  isEntry: true,
  isRevoked: false,
  isTrusted: true,
};
const SIGNATURE = {
  keyTag: 4711,
  algorithm: 13,
  signer: 'test.',
  inception: 0,
  expiration: 86_400,
  state: 'good',
} as const;
export const SET: SetLine = {
  owner: 'www.test.',
  type: 'A',
  ttl: 300,
  records: ['192.0.2.80'],
  status: 'secure',
  server: null,
  signatures: [SIGNATURE],
  proves: '',
};
export const ZONE: ZoneLine = {
  zone: '.',
  status: 'secure',
  why: null,
  anchor: [20_326],
  ds: [],
  dsSet: null,
  noDs: [],
  noDsProof: null,
  keys: [KEY],
  keySet: { ...SET, type: 'DNSKEY' },
};
export const REPORT: Report = {
  question: 'www.test. A IN',
  at: 1000,
  seconds: 0.1,
  rcode: 'NOERROR',
  status: 'secure',
  reason: 'secure',
  ede: [],
  remedy: null,
  zones: [ZONE, { ...ZONE, zone: 'test.', anchor: null, ds: [{ keyTag: 4711, algorithm: 13, digestType: 2 }] }],
  answer: [SET],
  proof: [],
  denials: [],
  servers: [],
  expiring: [],
  held: [],
  isCached: false,
  judgedAt: null,
};

/** What a zone might put into a text to break out of the graph that shows it. */
export const EVIL = '"];x [label=<<b>1</b>>,URL="javascript:1"];\\" \\N \\E &lt; // /* # \n\u0000\u001b\ud800 \\';
