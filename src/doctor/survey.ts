/** Asks the servers once in every way that the checks of the network look at, all at the same time. */

import type { Address } from '../ports/network.ts';
import { ROOT } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type Asked, askTcp, askUdp } from './ask.ts';
import type { Patient } from './patient.ts';

/** Servers of each address family that are asked; one that is down is no finding. */
const SERVERS = 3;
/** The size that hardly any path cuts into fragments (DNS flag day 2020), which Hawser asks with by default. */
export const SAFE_UDP_OCTETS = 1232;
/** An address that no host on the Internet has (RFC 5737, TEST-NET-1): only something in between can answer. */
const NOBODY: Address = { ip: '192.0.2.53', port: 53 };

export interface Survey {
  /** Small answers over UDP and any over TCP, by address family. */
  readonly udp4: readonly Asked[];
  readonly tcp4: readonly Asked[];
  readonly udp6: readonly Asked[];
  readonly tcp6: readonly Asked[];
  /** `. DNSKEY` with signatures over UDP: more than 800 octets. */
  readonly signed: readonly Asked[];
  /** `. DNSKEY` with signatures over TCP, where no size matters. */
  readonly signedTcp: readonly Asked[];
  /** What an address answered that nobody has. */
  readonly nobody: Asked;
}

export async function takeSurvey(patient: Patient): Promise<Survey> {
  const { addresses, kind } = patient.upstreams;
  const [ip4, ip6] = [false, true].map((six) =>
    addresses.filter(({ ip }) => ip.includes(':') === six).slice(0, SERVERS),
  );
  const flags = kind === 'forwarders' ? FLAG.RD : 0;
  const signed = { question: questionOf(ROOT, TYPE.DNSKEY), flags, edns: { udpSize: SAFE_UDP_OCTETS, doBit: true } };
  const small = { question: questionOf(ROOT, TYPE.SOA), flags };
  const all = (servers: readonly Address[] = [], ask: (server: Address) => Promise<Asked>): Promise<Asked[]> =>
    Promise.all(servers.map(ask));
  const [udp4, tcp4, udp6, tcp6, signedUdp, nobody] = await Promise.all([
    all(ip4, (server) => askUdp(patient, server, small)),
    all(ip4, (server) => askTcp(patient, server, signed)),
    all(ip6, (server) => askUdp(patient, server, small)),
    all(ip6, (server) => askTcp(patient, server, signed)),
    all([...(ip4 ?? []), ...(ip6 ?? [])], (server) => askUdp(patient, server, signed)),
    askUdp(patient, NOBODY, { question: questionOf(ROOT, TYPE.SOA), flags: FLAG.RD }),
  ]);
  return { udp4, tcp4, udp6, tcp6, signed: signedUdp, signedTcp: [...tcp4, ...tcp6], nobody };
}

/** The replies among what came. */
export function repliesOf(asked: readonly Asked[]): Extract<Asked, { kind: 'reply' }>[] {
  return asked.filter((one) => one.kind === 'reply');
}
