/**
 * /etc/resolv.conf as the C library reads it, who writes it on this host, and the text that a mail host needs.
 *
 * Pure: leaves reading and writing to others.
 */

import { ipText, parseIp } from '../wire/ip.ts';

/** Where the C library reads it. */
export const RESOLV_CONF = '/etc/resolv.conf';
/** Name servers that glibc takes (MAXNS); more are not read. */
const MAX_SERVERS = 3;
/** First line of what is written here. */
const MARK = '# Written by hawser resolvconf install.';

/** What the C library takes from it. */
interface ResolvConf {
  /** Addresses, at most three; `127.0.0.1` when none is listed, as in glibc. */
  readonly servers: readonly string[];
  readonly options: ReadonlySet<string>;
}

export function readResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  const options = new Set<string>();
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.split(/[ \t]+/);
    if (keyword === 'nameserver' && servers.length < MAX_SERVERS) servers.push(...addressOf(words[0]));
    if (keyword === 'options') for (const word of words) options.add(word);
  }
  return { servers: servers.length === 0 ? ['127.0.0.1'] : servers, options };
}

function addressOf(word = ''): string[] {
  const [ip = '', zone] = word.split('%');
  const bytes = parseIp(ip);
  return bytes === null ? [] : [zone === undefined ? ipText(bytes) : `${ipText(bytes)}%${zone}`];
}

/** True for an address of this host itself, over which nobody else can set the AD bit. */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

/** Stubs of others on loopback, which are no Hawser. */
export const STUBS: ReadonlyMap<string, string> = new Map([
  ['127.0.0.53', 'systemd-resolved'],
  ['127.0.0.54', 'systemd-resolved'],
  ['127.0.0.11', "Docker's own DNS"],
]);

/** Who writes the file on this host. */
type Manager = 'systemd-resolved' | 'resolvconf' | 'NetworkManager' | 'dhclient' | 'nobody';

interface ManagerSigns {
  readonly text: string;
  /** Where the link /etc/resolv.conf leads; null when it is a file. */
  readonly link: string | null;
  readonly exists: (path: string) => boolean;
}

/** Finds it: by the link, then by the text, then by what is installed. */
export function managerOf({ text, link, exists }: ManagerSigns): Manager {
  if (link !== null && /systemd\/resolve/.test(link)) return 'systemd-resolved';
  if (link !== null && /resolvconf/.test(link)) return 'resolvconf';
  if (link !== null && /NetworkManager/.test(link)) return 'NetworkManager';
  // Ours, whoever wrote the one before.
  if (text.startsWith(MARK)) return 'nobody';
  if (/^#.*NetworkManager/m.test(text)) return 'NetworkManager';
  if (/^#.*(?:resolvconf|openresolv)/m.test(text)) return 'resolvconf';
  if (/^#.*systemd-resolved/m.test(text)) return 'systemd-resolved';
  if (exists('/run/NetworkManager/NetworkManager.pid') || exists('/run/NetworkManager/resolv.conf'))
    return 'NetworkManager';
  if (exists('/var/lib/dhcp/dhclient.leases') || exists('/run/dhclient.pid')) return 'dhclient';
  return 'nobody';
}

/** What makes the right lines stay, for each that would write the file again; '' for nobody. */
export const STAY_TEXT: Readonly<Record<Manager, string>> = {
  'systemd-resolved':
    "systemd-resolved writes this file. Put 'DNS=127.0.0.1' and 'DNSStubListener=no' into /etc/systemd/resolved.conf.d/hawser.conf, or better: 'systemctl disable --now systemd-resolved', and remove 'resolve' from the hosts line of /etc/nsswitch.conf.",
  resolvconf:
    "resolvconf writes this file. Put 'nameserver 127.0.0.1' and 'options edns0 trust-ad' into /etc/resolvconf/resolv.conf.d/head, 'TRUNCATE_NAMESERVER_LIST_AFTER_LOOPBACK_ADDRESS=yes' into /etc/default/resolvconf, and run 'resolvconf -u'.",
  NetworkManager:
    "NetworkManager writes this file. Put '[main]' and 'dns=none' into /etc/NetworkManager/conf.d/hawser.conf and run 'systemctl reload NetworkManager'.",
  dhclient:
    "dhclient writes this file. Put 'supersede domain-name-servers 127.0.0.1;' into /etc/dhcp/dhclient.conf, and a hook that does nothing for make_resolv_conf into /etc/dhcp/dhclient-enter-hooks.d/hawser, so that the options line stays.",
  nobody: '',
};

/** The text that a mail host needs: this resolver alone, its AD bit trusted; search lists and other options are kept. */
export function rightText(text: string, server: string): string {
  const kept = text
    .split('\n')
    .filter((line) => /^(?:search|domain|sortlist)[ \t]/.test(line))
    .map((line) => line.trimEnd());
  const others = [...readResolvConf(text).options].filter((word) => !['edns0', 'trust-ad', 'rotate'].includes(word));
  const options = ['edns0', 'trust-ad', ...others].join(' ');
  return `${[MARK, `nameserver ${server}`, `options ${options}`, ...kept].join('\n')}\n`;
}
