/**
 * The forms of arguments that name addresses: IP addresses, netblocks, interfaces, servers, domain names.
 *
 * Duties: read them as typed values; write them again.
 * Leaves to others: whether an interface exists (the daemon), duplicates across lines (check.ts).
 */

import { bytesEqual, fromBase64, toBase64 } from '../wire/bytes.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { type IpPrefix, maskAddress } from '../wire/ip-prefix.ts';
import { MAX_LABEL_OCTETS, type Name, nameKey, nameOfKey } from '../wire/name.ts';
import { formatName, parseNameOrReason } from '../wire/name-text.ts';
import { type Form, FormError, pair, plainForm } from './form.ts';
import { type LocalZoneType, localZoneType } from './form-policy.ts';

/** Where to listen: an address, the name of an interface (all its addresses), or the path of a unix socket. */
export interface ListenTarget {
  readonly kind: 'address' | 'interface' | 'path';
  /** The address in canonical text (with its zone, if given), the interface's name, or the path. */
  readonly target: string;
  /** Null: the port that belongs to the directive. */
  readonly port: number | null;
}

export interface ServerAddress {
  /** In canonical text. */
  readonly ip: string;
  /** Null: 53, or 853 when the zone is asked over TLS. */
  readonly port: number | null;
  /** The name that the server's certificate must hold; null: none was given. */
  readonly tlsName: string | null;
}

/** A server to ask, by name: its addresses are looked up. */
export interface ServerName {
  readonly name: Name;
  readonly port: number | null;
  readonly tlsName: string | null;
}

/** One IP address in canonical text. */
export const ip: Form<string> = plainForm(
  'IP address',
  (text) => {
    const address = parseIp(text);
    return address === null ? new FormError(`cannot parse ip address '${text}'`) : ipText(address);
  },
  (value) => value,
);

/** `192.0.2.0/24`, `2001:db8::/32`, or one address. */
export const netblock: Form<IpPrefix> = plainForm('netblock', readNetblock, netblockText);

/** A scope (`%eth0`) is left out, as in Unbound: clients and servers are compared by address. */
function readNetblock(text: string): IpPrefix | FormError {
  const parts = /^([^/%]+)(?:%[^/%]+)?(?:\/([0-9]{1,3}))?(?:%[^/%]+)?$/.exec(text);
  const address = parseIp(parts?.[1] ?? '');
  if (parts === null || address === null) return new FormError(`cannot parse netblock: '${text}'`);
  const bits = address.length * 8;
  const prefixLength = Number(parts[2] ?? bits);
  if (prefixLength > bits) return new FormError(`netblock '${text}': prefix length too large (at most ${bits})`);
  return { address: maskAddress(address, prefixLength), prefixLength };
}

export function netblockText(block: IpPrefix): string {
  return `${ipText(block.address)}/${block.prefixLength}`;
}

/** A domain name; relative ones are completed with the root. */
export const domain: Form<Name> = plainForm('domain name', readDomain, formatName);

function readDomain(text: string): Name | FormError {
  const name = parseNameOrReason(text);
  if (typeof name !== 'string') return name;
  const reason = name === 'label too long' ? `${name} (over ${MAX_LABEL_OCTETS} octets)` : name;
  return new FormError(`bad domain name '${text}': ${reason}`);
}

/** Splits `text@port`; null when the port is none. */
function splitPort(text: string): { target: string; port: number | null } | null {
  const at = text.lastIndexOf('@');
  if (at < 0) return { target: text, port: null };
  const digits = text.slice(at + 1);
  if (!/^[0-9]{1,5}$/.test(digits) || Number(digits) > 65535) return null;
  return { target: text.slice(0, at), port: Number(digits) };
}

/** An address or the name of an interface, `@port` optional. */
export const listenTarget: Form<ListenTarget> = plainForm(
  'IP address or interface name[@port]',
  readListenTarget,
  listenTargetText,
);

/** An address, `@port` optional. */
export const listenIp: Form<ListenTarget> = plainForm(
  'IP address[@port]',
  (text) => {
    const target = readListenTarget(text);
    if (target instanceof FormError || target.kind === 'address') return target;
    return new FormError(`IP address expected, not '${text}'`);
  },
  listenTargetText,
);

/** An address, `@port` optional, or none. */
export const collectorAddress: Form<ListenTarget | null> = plainForm<ListenTarget | null>(
  'IP address[@port] or ""',
  (text) => (text === '' ? null : listenIp.read(text)),
  (target) => (target === null ? '' : listenTargetText(target)),
);

/** An address or the name of an interface, or the path of a unix socket. */
export const listenTargetOrPath: Form<ListenTarget> = plainForm(
  'IP address or interface name[@port] or path',
  (text) => (text.startsWith('/') ? { kind: 'path', target: text, port: null } : readListenTarget(text)),
  listenTargetText,
);

/** Longest name of a network interface (Linux: IFNAMSIZ 16, the final zero included). */
const MAX_INTERFACE_NAME = 15;

function readListenTarget(text: string): ListenTarget | FormError {
  const parts = splitPort(text);
  if (parts === null) return new FormError(`port number expected after @ in '${text}'`);
  const { target, port } = parts;
  const zone = target.indexOf('%');
  const address = parseIp(zone > 0 ? target.slice(0, zone) : target);
  if (address !== null)
    return { kind: 'address', target: ipText(address) + (zone > 0 ? target.slice(zone) : ''), port };
  const looksLikeAddress = /^[0-9.]*$/.test(target) || target.includes(':');
  if (looksLikeAddress || target.length > MAX_INTERFACE_NAME || /[\s/]/.test(target)) {
    return new FormError(`cannot parse interface address '${text}'`);
  }
  return { kind: 'interface', target, port };
}

function listenTargetText(value: ListenTarget): string {
  return value.port === null ? value.target : `${value.target}@${value.port}`;
}

/** Splits `text@port#name`; null when the port is none. */
function splitServer(text: string): { target: string; port: number | null; tlsName: string | null } | null {
  const hash = text.indexOf('#');
  const parts = splitPort(hash < 0 ? text : text.slice(0, hash));
  return parts === null ? null : { ...parts, tlsName: hash < 0 ? null : text.slice(hash + 1) };
}

/** An address in canonical text, with its scope where it has one (RFC 4007 §11: link-local addresses); null: none. */
function readScoped(text: string): string | null {
  const [, target = '', scope = ''] = /^([^%]+)(%[^%/\s]+)?$/.exec(text) ?? [];
  const address = parseIp(target);
  if (address === null || (scope !== '' && address.length === 4)) return null;
  return ipText(address) + scope;
}

export interface OutgoingAddress {
  readonly block: IpPrefix;
  /** `%eth0`, or ''. */
  readonly scope: string;
}

/** An address to ask from, or an IPv6 netblock of which each query has an address of its own. */
export const outgoingAddress: Form<OutgoingAddress> = plainForm(
  'IP address or IPv6 netblock',
  (text) => {
    const block = readNetblock(text);
    return block instanceof FormError ? block : { block, scope: /%[^/%]+/.exec(text)?.[0] ?? '' };
  },
  ({ block, scope }) => `${ipText(block.address)}${scope}${isOneAddress(block) ? '' : `/${block.prefixLength}`}`,
);

function isOneAddress({ address, prefixLength }: IpPrefix): boolean {
  return prefixLength === address.length * 8;
}

/** An address to ask: `192.0.2.1`, `192.0.2.1@5353`, `192.0.2.1@853#dns.example`. */
export const serverAddress: Form<ServerAddress> = plainForm(
  'IP address[@port][#name]',
  (text) => {
    const parts = splitServer(text);
    const ip = parts === null ? null : readScoped(parts.target);
    if (parts === null || ip === null) return new FormError(`cannot parse ip address: '${text}'`);
    return { ip, port: parts.port, tlsName: parts.tlsName };
  },
  (value) => serverText(value.ip, value),
);

/** A server by name, with port and name of the certificate. */
export const serverName: Form<ServerName> = plainForm(
  'domain name[@port][#name]',
  (text) => {
    const parts = splitServer(text);
    if (parts === null) return new FormError(`port number expected after @ in '${text}'`);
    const name = readDomain(parts.target);
    return name instanceof FormError ? name : { name, port: parts.port, tlsName: parts.tlsName };
  },
  (value) => serverText(formatName(value.name), value),
);

function serverText(target: string, rest: { readonly port: number | null; readonly tlsName: string | null }): string {
  return target + (rest.port === null ? '' : `@${rest.port}`) + (rest.tlsName === null ? '' : `#${rest.tlsName}`);
}

/** Octets of a SHA-256 digest. */
const DIGEST_OCTETS = 32;

/** The digest of a server's public key (RFC 7858 §4.2), as `openssl` and stubby write it; `sha256/` may stand before it. */
export const keyPin: Form<string> = plainForm(
  'SHA-256 digest of a public key in base64',
  (text) => {
    const digest = fromBase64(text.replace(/^sha256\//, ''));
    if (digest?.length !== DIGEST_OCTETS) return new FormError(`not a SHA-256 digest in base64: '${text}'`);
    return toBase64(digest);
  },
  (value) => value,
);

export interface NetblockValue<V> {
  readonly block: IpPrefix;
  readonly value: V;
}

/** `<netblock> <value>`. */
export function perNetblock<V>(form: Form<V>): Form<NetblockValue<V>> {
  return pair(
    netblock,
    form,
    (block, value) => ({ block, value }),
    ({ block, value }) => `${netblockText(block)} ${form.write(value)}`,
  );
}

/** A value that belongs to an address where the server listens. */
export interface ListenTargetValue<V> {
  readonly listen: ListenTarget;
  readonly value: V;
}

/** `<interface> <value>`. */
export function perListenTarget<V>(form: Form<V>): Form<ListenTargetValue<V>> {
  return pair(
    listenTarget,
    form,
    (listen, value) => ({ listen, value }),
    ({ listen, value }) => `${listenTargetText(listen)} ${form.write(value)}`,
  );
}

export interface DomainValue<V> {
  readonly name: Name;
  readonly value: V;
}

/** `<domain> <value>`. */
export function perDomain<V>(form: Form<V>): Form<DomainValue<V>> {
  return pair(
    domain,
    form,
    (name, value) => ({ name, value }),
    ({ name, value }) => `${formatName(name)} ${form.write(value)}`,
  );
}

/** A line of `local-zone`, in little room: block lists have a million of them. */
class ZoneLine {
  /** Key of the name (`nameKey`). */
  readonly key: string;
  readonly value: LocalZoneType;
  /** The name, where it has capitals. */
  readonly #name: Name | null;

  constructor(name: Name, value: LocalZoneType) {
    this.key = nameKey(name);
    this.value = value;
    this.#name = bytesEqual(nameOfKey(this.key), name) ? null : name;
  }

  get name(): Name {
    return this.#name ?? nameOfKey(this.key);
  }
}

/** `<domain> <type>`; `key`: the name's (`nameKey`). */
export const zoneLine: Form<{ readonly key: string; readonly name: Name; readonly value: LocalZoneType }> = pair(
  domain,
  localZoneType,
  (name, value) => new ZoneLine(name, value),
  ({ name, value }) => `${formatName(name)} ${value}`,
);

/** `<netblock> <tag> <value>` and `<interface> <tag> <value>`. */
export function perTag<K>(
  key: Form<K>,
  phrase: string,
): Form<{ readonly key: K; readonly tag: string; readonly value: string }> {
  return {
    phrase: `<${key.phrase}> <tag> <${phrase}>`,
    unit: 'none',
    argumentCount: 3,
    isWordy: true,
    read(first = '', tag = '', value = '') {
      const read = key.read(first);
      return read instanceof FormError ? read : { key: read, tag, value };
    },
    write: (given) => `${key.write(given.key)} ${given.tag} ${given.value}`,
  };
}

/** Another type of a local zone for the clients of a netblock. */
export interface LocalZoneOverride {
  readonly zone: Name;
  readonly block: IpPrefix;
  readonly type: LocalZoneType;
}

/** `<zone> <netblock> <type>`. */
export const localZoneOverride: Form<LocalZoneOverride> = {
  phrase: '<zone> <netblock> <type>',
  unit: 'none',
  argumentCount: 3,
  isWordy: true,
  read(first = '', second = '', third = '') {
    const zone = readDomain(first);
    if (zone instanceof FormError) return zone;
    const block = readNetblock(second);
    if (block instanceof FormError) return block;
    const type = localZoneType.read(third);
    return type instanceof FormError ? type : { zone, block, type };
  },
  write: ({ zone, block, type }) => `${formatName(zone)} ${netblockText(block)} ${type}`,
};
