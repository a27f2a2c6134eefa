/** Checks of how programs on this host come to the resolver: resolv.conf, its copies, and the AD bit as they see it. */

import { ROOT } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { TYPE } from '../wire/rr-type.ts';
import { type Asked, type AskParts, askUdp } from './ask.ts';
import { failure, type Outcome, ok, warning } from './outcome.ts';
import { listenAddresses, type Patient } from './patient.ts';
import { isLoopback, managerOf, RESOLV_CONF, readResolvConf, STAY_TEXT, STUBS } from './resolv-conf.ts';
import { textOr } from './trust-checks.ts';

const DNS_PORT = 53;
const INSTALL = "Run 'hawser resolvconf install'.";

/** Does it point here, first and alone on loopback? */
export function checkResolvConf(patient: Patient): Outcome {
  const text = textOr(patient.files, RESOLV_CONF);
  const { servers, options } = readResolvConf(text);
  const here = listenAddresses(patient.config)
    .filter(({ port }) => port === DNS_PORT)
    .map(({ ip }) => ip);
  const [first = ''] = servers;
  const stub = STUBS.get(first);
  if (stub !== undefined)
    return failure(`${RESOLV_CONF} points to ${first}, which is ${stub} and not Hawser`, stayAnd(patient, text));
  if (!here.includes(first)) {
    return failure(
      `${RESOLV_CONF} points to ${first} first, where this Hawser does not listen`,
      stayAnd(patient, text),
    );
  }
  if (!options.has('trust-ad')) {
    return failure(
      `${RESOLV_CONF} lacks 'options trust-ad': the C library hides the AD bit, so that programs see no answer as validated`,
      `${INSTALL} It writes 'options edns0 trust-ad'.`,
    );
  }
  if (/^hosts:.*\bresolve\b/m.test(textOr(patient.files, '/etc/nsswitch.conf'))) {
    return warning(
      "the hosts line of /etc/nsswitch.conf names 'resolve': names are looked up by systemd-resolved, past Hawser",
      "Remove 'resolve' and what stands in brackets after it from the hosts line of /etc/nsswitch.conf.",
    );
  }
  return ok(`${RESOLV_CONF} points to ${first} with trust-ad`);
}

function stayAnd({ host, files }: Patient, text: string): string {
  const manager = managerOf({ text, link: host.linkTarget(RESOLV_CONF), exists: (path) => files.exists(path) });
  return [INSTALL, STAY_TEXT[manager]].filter((line) => line !== '').join(' ');
}

/** Every listed resolver must validate: the C library goes on to the next when one is slow, and takes what that says. */
export async function checkListedResolvers(patient: Patient): Promise<Outcome> {
  const { servers } = readResolvConf(textOr(patient.files, RESOLV_CONF));
  const outcomes = await Promise.all(servers.map((ip) => askAsLibrary(patient, ip)));
  const bare = servers.filter((_, i) => !isValidated(outcomes[i]));
  const remote = servers.filter((ip) => !isLoopback(ip));
  if (bare.length > 0) {
    return failure(
      `${RESOLV_CONF} lists ${bare.join(' and ')}, which does not validate or does not answer: a forged answer can come from there`,
      `Remove it from ${RESOLV_CONF}: every resolver that is listed has to validate. ${INSTALL}`,
    );
  }
  if (remote.length > 0) {
    return warning(
      `${RESOLV_CONF} lists ${remote.join(' and ')}: it validates, but anybody on the way there can set its AD bit`,
      `List resolvers of this host only. ${INSTALL}`,
    );
  }
  return ok(
    servers.length === 1
      ? 'the one resolver that is listed validates'
      : `all ${servers.length} listed resolvers validate`,
  );
}

/** As glibc asks with `options edns0 trust-ad`: AD in the query, to get AD in the answer (RFC 6840 §5.7). */
export function askAsLibrary(parts: AskParts, ip: string): Promise<Asked> {
  const flags = FLAG.RD | FLAG.AD;
  return askUdp(parts, { ip, port: DNS_PORT }, { question: questionOf(ROOT, TYPE.SOA), flags });
}

/** An answer about the signed root with the AD bit. */
export function isValidated(asked: Asked | undefined): boolean {
  return asked?.kind === 'reply' && asked.message.rcode === RCODE.NOERROR && asked.message.has(FLAG.AD);
}

/** What a program gets through the C library: the first resolver's AD bit, unless the library takes it away. */
export async function checkAdThroughLibrary(patient: Patient): Promise<Outcome> {
  const { servers, options } = readResolvConf(textOr(patient.files, RESOLV_CONF));
  const [first = '127.0.0.1'] = servers;
  const asked = await askAsLibrary(patient, first);
  if (asked.kind !== 'reply') {
    return failure(
      `the first resolver of ${RESOLV_CONF}, ${first}, does not answer, so that mail waits`,
      `Start it, or: ${INSTALL}`,
    );
  }
  if (!isValidated(asked)) return failure(`${first} answers without the AD bit, so that DANE is not used`, INSTALL);
  if (!options.has('trust-ad')) {
    return failure(
      `${first} sets the AD bit, but the C library takes it away`,
      `Add 'options trust-ad' to ${RESOLV_CONF}. ${INSTALL}`,
    );
  }
  return ok('programs see the AD bit through the C library');
}

/** Copies for programs in a chroot, above all Postfix's queue folder. */
export async function checkCopies(patient: Patient): Promise<Outcome> {
  const queue = (await patient.host.run('postconf', ['-h', 'queue_directory']))?.trim() ?? '/var/spool/postfix';
  const copy = `${queue}${RESOLV_CONF}`;
  const text = patient.files.readText(copy);
  if (!text.ok) {
    const smtp = (await patient.host.run('postconf', ['-F', '-h', 'smtp/unix/chroot']))?.trim();
    if (smtp !== 'y') return ok('there is no copy of resolv.conf in a chroot');
    return failure(
      `Postfix's smtp runs in a chroot where ${copy} is missing`,
      `Run 'cp ${RESOLV_CONF} ${copy}', or set chroot to n for smtp in master.cf; then restart Postfix.`,
    );
  }
  const [mine, theirs] = [textOr(patient.files, RESOLV_CONF), text.value].map(readResolvConf);
  const isSame = [mine, theirs].map((one) => JSON.stringify([one?.servers, [...(one?.options ?? [])].sort()]));
  if (isSame[0] === isSame[1]) return ok(`${copy} says the same as ${RESOLV_CONF}`);
  return failure(
    `${copy}, which Postfix reads in its chroot, says something else than ${RESOLV_CONF}`,
    `Run 'cp ${RESOLV_CONF} ${copy}' and restart Postfix.`,
  );
}
