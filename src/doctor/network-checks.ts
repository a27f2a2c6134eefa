/** Checks of the way to the servers: ports, address families, sizes, and who else is on it. */

import type { MessageView } from '../wire/message-view.ts';
import { FLAG } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { Asked } from './ask.ts';
import { failure, type Outcome, ok, warning } from './outcome.ts';
import type { Patient } from './patient.ts';
import { repliesOf, SAFE_UDP_OCTETS, type Survey } from './survey.ts';

const FIREWALL = 'in the firewall of this host and of the network before it';

/** UDP port 53 outwards. */
export function checkUdp({ udp4, tcp4, udp6, tcp6 }: Survey, patient: Patient): Outcome {
  const families = [
    { family: 'IPv4', asked: udp4, other: tcp4 },
    { family: 'IPv6', asked: udp6, other: tcp6 },
  ];
  return checkTransport('UDP', families, patient);
}

/** TCP port 53 outwards: large answers, such as many TLSA records with signatures, come this way (RFC 7766 §5). */
export function checkTcp({ udp4, tcp4, udp6, tcp6 }: Survey, patient: Patient): Outcome {
  const families = [
    { family: 'IPv4', asked: tcp4, other: udp4 },
    { family: 'IPv6', asked: tcp6, other: udp6 },
  ];
  return checkTransport('TCP', families, patient);
}

/** What came over one transport in one address family, and over the other transport. */
interface FamilyAsked {
  readonly family: string;
  readonly asked: readonly Asked[];
  readonly other: readonly Asked[];
}

function checkTransport(transport: 'UDP' | 'TCP', families: readonly FamilyAsked[], { upstreams }: Patient): Outcome {
  if (upstreams.usesTls) return ok(`everything is forwarded over TLS, so that ${transport} port 53 is not needed`);
  const who = upstreams.kind === 'root' ? 'root server' : 'forwarder';
  const all = families.flatMap(({ asked }) => asked);
  const remedy = `Allow outgoing ${transport} to port 53 ${FIREWALL}.`;
  const replies = repliesOf(all).length;
  if (replies === 0) return failure(`no ${who} answers over ${transport} port 53 (${reasonsOf(all)})`, remedy);
  // A family in which nothing comes at all has its own check.
  const blocked = families.find(({ asked, other }) => repliesOf(asked).length === 0 && repliesOf(other).length > 0);
  if (blocked === undefined) return ok(`${replies} of ${all.length} ${who}s that were asked answer over ${transport}`);
  return failure(
    `over ${blocked.family} no ${who} answers over ${transport} port 53 (${reasonsOf(blocked.asked)})`,
    remedy,
  );
}

function reasonsOf(asked: readonly Asked[]): string {
  const reasons = asked.map((one) => (one.kind === 'refused' ? one.error.text : 'no answer in time'));
  return [...new Set(reasons)].join('; ') || 'there is none to ask';
}

export function checkIp4({ udp4, tcp4 }: Survey, patient: Patient): Outcome {
  return checkFamily('IPv4', patient.config.server.doIp4, [...udp4, ...tcp4]);
}

export function checkIp6({ udp6, tcp6 }: Survey, patient: Patient): Outcome {
  return checkFamily('IPv6', patient.config.server.doIp6, [...udp6, ...tcp6]);
}

function checkFamily(family: 'IPv4' | 'IPv6', isOn: boolean, asked: readonly Asked[]): Outcome {
  const option = family === 'IPv4' ? 'do-ip4' : 'do-ip6';
  if (!isOn) return ok(`${family} is switched off (${option}: no)`);
  if (asked.length === 0) return ok(`no server with an ${family} address is asked`);
  if (repliesOf(asked).length > 0) return ok(`servers answer over ${family}`);
  const noRoute = asked.every((one) => one.kind === 'refused' && one.error.kind === 'unreachable');
  const remedy = `Give the host a working ${family} route, or write '${option}: no' in the server clause.`;
  if (noRoute) return warning(`this host has no ${family} route, though ${option} is yes`, remedy);
  return warning(`this host has an ${family} route, but nothing comes back over it`, remedy);
}

/** Answers of the size that DNSSEC needs, and fragments. */
export function checkSizes({ signed, signedTcp, udp4, udp6 }: Survey, { config, upstreams }: Patient): Outcome {
  const size = config.server.ednsBufferSize;
  if (upstreams.usesTls) return ok('everything is forwarded over TLS, where no size matters');
  const whole = repliesOf(signed).filter(({ message }) => !message.has(FLAG.TC) && hasSignature(message));
  if (whole.length === 0 && repliesOf([...udp4, ...udp6]).length > 0) {
    const isCut = repliesOf(signed).some(({ message }) => message.has(FLAG.TC));
    const comesBare = !isCut && repliesOf(signed).length > 0;
    if (comesBare)
      return warning(
        'answers come without signatures, so that their size tells nothing',
        'See the check of signatures.',
      );
    const level = repliesOf(signedTcp).length > 0 ? warning : failure;
    return level(
      isCut
        ? `signed answers come cut short over UDP, though ${SAFE_UDP_OCTETS} octets were asked for`
        : `small answers come over UDP, signed ones of up to ${SAFE_UDP_OCTETS} octets do not`,
      `Let UDP answers of up to ${SAFE_UDP_OCTETS} octets and EDNS pass ${FIREWALL}, or write 'edns-buffer-size: 512'.`,
    );
  }
  if (whole.length === 0)
    return failure('no signed answer came over UDP at all', `Allow outgoing UDP to port 53 ${FIREWALL}.`);
  if (size > SAFE_UDP_OCTETS) {
    return warning(
      `edns-buffer-size is ${size}: answers above ${SAFE_UDP_OCTETS} octets come in fragments, which get lost and can be forged`,
      `Write 'edns-buffer-size: ${SAFE_UDP_OCTETS}', or leave the line out.`,
    );
  }
  const octets = Math.max(...whole.map((one) => one.octets));
  return ok(`signed answers of ${octets} octets come over UDP in one piece`);
}

/** Somebody who answers in the place of the servers that are asked. */
export function checkInterception({ nobody, udp4, udp6 }: Survey, { upstreams }: Patient): Outcome {
  const remedy =
    "Have the provider or the router stop redirecting port 53, or forward over TLS ('forward-tls-upstream: yes') to a resolver that you trust.";
  if (nobody.kind === 'reply') {
    return failure(
      `something on the way answers DNS queries for anybody: ${nobody.server.ip}, which no host has, answered`,
      remedy,
    );
  }
  if (upstreams.kind === 'forwarders') return ok('an address that nobody has does not answer');
  // A root server answers with authority and offers no recursion (RFC 1035 §4.1.1).
  const others = repliesOf([...udp4, ...udp6]).filter(({ message }) => message.has(FLAG.RA) || !message.has(FLAG.AA));
  const [first] = others;
  if (first === undefined) return ok('nobody answers in the place of the root servers');
  return failure(`another resolver answers in the place of the root server ${first.server.ip}`, remedy);
}

function hasSignature(message: MessageView): boolean {
  for (let i = message.answer.start; i < message.answer.end; i++) if (message.type(i) === TYPE.RRSIG) return true;
  return false;
}

/** Signatures in the answers: without them nothing can be validated. */
export function checkSignatures({ signed, signedTcp }: Survey, { upstreams }: Patient): Outcome {
  if (upstreams.usesTls) return ok('forwarded over TLS: the validation of the root tells');
  const replies = [...repliesOf(signed), ...repliesOf(signedTcp)].filter(({ message }) => !message.has(FLAG.TC));
  if (replies.length === 0)
    return failure('no answer came that could have a signature', 'See the checks of UDP and TCP first.');
  const bare = replies.filter(({ message }) => !hasSignature(message));
  const [first] = bare;
  if (first === undefined) return ok('answers come with their signatures');
  const who = upstreams.kind === 'root' ? `what answers for ${first.server.ip}` : `the forwarder ${first.server.ip}`;
  const level = bare.length === replies.length ? failure : warning;
  return level(
    `${who} leaves the DNSSEC signatures out`,
    upstreams.kind === 'root'
      ? 'Remove the DNS proxy on the way, or let it pass DNSSEC (the DO bit and RRSIG records).'
      : "Remove this forward-addr, or take a forwarder that passes DNSSEC; without 'forward-zone' Hawser asks the servers itself.",
  );
}
