/** Checks of the service itself: its port, its limits, and Postfix, which it is there for. */

import { parseIp } from '../wire/ip.ts';
import { mustParseName } from '../wire/name-text.ts';
import { FLAG } from '../wire/rcode.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { askUdp } from './ask.ts';
import { failure, type Outcome, ok, warning } from './outcome.ts';
import { listenAddresses, type Patient } from './patient.ts';

const MIB = 1024 * 1024;
/** Descriptors beside those of the network: files, log, timers. */
const SPARE_FILES = 100;
/** Octets that the process takes without its caches. */
const BASE_OCTETS = 150 * MIB;
/** Names under which Node.js shows in /proc/PID/comm. */
const OWN_NAMES = /^(?:hawser|node|MainThread)/;

/** Who answers on the port that is configured. */
export async function checkListener(patient: Patient): Promise<Outcome> {
  const { config, host, isDaemon } = patient;
  const [listener] = listenAddresses(config);
  if (isDaemon) return ok('this Hawser is running');
  if (listener === undefined) return ok('interfaces are configured by name; who listens is not looked at');
  const where = `${listener.ip} port ${listener.port}`;
  const holder = host.holderOf(parseIp(listener.ip) ?? new Uint8Array(0), listener.port);
  const question = { name: mustParseName('version.server.'), type: TYPE.TXT, class: CLASS.CH };
  const asked = await askUdp(patient, listener, { question, flags: FLAG.RD });
  if (asked.kind !== 'reply') {
    if (holder === null)
      return failure(
        `nobody answers at ${where}: Hawser is not running`,
        "Start it: 'systemctl start hawser', or hawserd.",
      );
    return failure(`${holder} holds port ${listener.port}, but nobody answers at ${where}`, freeText(holder));
  }
  if (holder !== null && !OWN_NAMES.test(holder)) {
    return failure(`${holder} answers at ${where} in the place of Hawser`, freeText(holder));
  }
  const { message } = asked;
  const text = message.answer.end > 0 ? new TextDecoder().decode(message.rdata(0).subarray(1)) : '';
  if (text !== '' && !text.startsWith('hawser') && config.server.version === '') {
    return failure(`another program answers at ${where}: ${text}`, freeText(text));
  }
  return ok(`Hawser answers at ${where}`);
}

function freeText(holder: string): string {
  return `Stop it ('systemctl disable --now' with the name of the service of ${holder}), then start Hawser.`;
}

/** Files and memory against what is configured. */
export function checkLimits({ config, host, cacheWarning }: Patient): Outcome {
  const { openFiles, memoryOctets } = host.limits();
  const { outgoingRange, outgoingNumTcp, incomingNumTcp, msgCacheSize, rrsetCacheSize } = config.server;
  const files = outgoingRange + outgoingNumTcp + incomingNumTcp + SPARE_FILES;
  if (openFiles !== null && openFiles < files) {
    return warning(
      `${openFiles} files may be open at once, but the configuration may need ${files}`,
      `Set 'LimitNOFILE=${files}' in the service's unit, or make outgoing-range and incoming-num-tcp smaller.`,
    );
  }
  // The message cache is counted twice: once as answers, once as ready replies.
  const octets = 2 * msgCacheSize + rrsetCacheSize + BASE_OCTETS;
  if (memoryOctets !== null && octets > memoryOctets) {
    return warning(
      `the caches may grow to ${Math.floor(octets / MIB)} MiB, but there are ${Math.floor(memoryOctets / MIB)} MiB of memory`,
      'Make msg-cache-size and rrset-cache-size smaller, or give the host more memory.',
    );
  }
  if (cacheWarning !== null)
    return warning(cacheWarning, 'Make the caches smaller, or raise --max-old-space-size in NODE_OPTIONS.');
  return ok('files and memory suffice for what is configured');
}

/** Postfix's own settings for DANE (RFC 7672). */
export async function checkPostfix({ host }: Patient): Promise<Outcome> {
  const read = async (name: string): Promise<string | null> =>
    (await host.run('postconf', ['-h', name]))?.trim() ?? null;
  const support = await read('smtp_dns_support_level');
  if (support === null) return ok('Postfix is not on this host');
  const level = (await read('smtp_tls_security_level')) ?? '';
  const lookup = (await read('smtp_host_lookup')) ?? '';
  if (!lookup.split(/[\s,]+/).includes('dns')) {
    return failure(
      `Postfix's smtp_host_lookup is '${lookup}': names are not looked up in DNS, so that DANE cannot be used`,
      "Run 'postconf -e smtp_host_lookup=dns' and 'postfix reload'.",
    );
  }
  const isDane = level === 'dane' || level === 'dane-only';
  if (isDane && support !== 'dnssec') {
    return failure(
      `Postfix's smtp_tls_security_level is ${level}, but smtp_dns_support_level is '${support}': it asks without DNSSEC and sends in the clear`,
      "Run 'postconf -e smtp_dns_support_level=dnssec' and 'postfix reload'.",
    );
  }
  if (!isDane) {
    return warning(
      `Postfix's smtp_tls_security_level is '${level}': TLSA records are not used`,
      "Run 'postconf -e smtp_dns_support_level=dnssec smtp_tls_security_level=dane' and 'postfix reload'.",
    );
  }
  return ok(`Postfix uses DANE (smtp_tls_security_level = ${level})`);
}
