/** Makes the bytes of a question to a server, and says what its answer must look like. */

import type { ServerCache } from '../cache/server-cache.ts';
import { CLIENT_COOKIE_OCTETS, type ServerCookie } from '../cache/server-manners.ts';
import type { Address } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import type { EdnsOption, EdnsOut } from '../wire/edns.ts';
import { ipText } from '../wire/ip.ts';
import { type IpPrefix, prefixOctet } from '../wire/ip-prefix.ts';
import type { Name } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { FLAG } from '../wire/rcode.ts';
import type { Pending } from './accept-response.ts';
import type { LocalEnd } from './local-end.ts';
import type { IterateOptions } from './options.ts';
import { clientStringFor, cookieOption, paddingOption } from './query-options.ts';
import type { Attempt, UpstreamQuery } from './upstream-query.ts';

/** What making a query depends on. */
interface PrepareParts {
  readonly random: Random;
  readonly servers: ServerCache;
  readonly options: IterateOptions;
}

/** What choosing the end on this side depends on. */
type EndParts = Pick<PrepareParts, 'random' | 'options'>;

/** Timeouts in a row until the answer itself may be what is lost: one happens on any line. */
const SILENCES_TO_ASK_FOR_LESS = 2;
/** RFC 6891 §6.2.5: less counts as this. */
const LEAST_UDP_SIZE = 512;

interface SourceEnd {
  readonly localEnd: LocalEnd | null;
  /** True for ids that may not be used. */
  readonly isTaken?: (id: number) => boolean;
}

/** The query's bytes, what its answer must look like, and the cookie that it must hold. */
export interface Prepared {
  readonly bytes: Uint8Array;
  readonly pending: Pending;
  readonly cookie: ServerCookie | null;
}

export function prepare(
  parts: PrepareParts,
  { query, withEdns, withOptions, withCookie, randomCase }: Attempt,
  source: SourceEnd,
): Prepared {
  const { random } = parts;
  const { isTaken, localEnd } = source;
  let id = random.u16();
  if (isTaken !== undefined) while (isTaken(id)) id = (id + 1) & 0xffff;
  const { name, type, class: rrClass } = query.question;
  const question = randomCase ? { name: inRandomCase(name, random), type, class: rrClass } : query.question;
  const cookie = withEdns && withCookie ? cookieFor(parts, query, localEnd) : null;
  const flags = query.recursion ? FLAG.RD | FLAG.CD : 0;
  const bytes = withEdns
    ? buildQuery({ id, question, flags, edns: ednsFor(parts, query, withOptions, cookie) })
    : buildQuery({ id, question, flags });
  return { bytes, pending: { id, question, checkCase: randomCase }, cookie };
}

function cookieFor(
  { random, servers }: PrepareParts,
  { known }: UpstreamQuery,
  localEnd: LocalEnd | null,
): ServerCookie {
  return servers.manners(known).cookieFor(localEnd?.ip ?? '', () => random.bytes(CLIENT_COOKIE_OCTETS));
}

function ednsFor(
  parts: PrepareParts,
  query: UpstreamQuery,
  withOptions: boolean,
  cookie: ServerCookie | null,
): EdnsOut {
  const { options } = parts;
  const text = withOptions ? clientStringFor(options, query.server) : null;
  const isPadded = withOptions && query.transport === 'tls';
  const udpSize = udpSizeFor(parts, query);
  const doBit = options.wantsSignatures;
  if (text === null && !isPadded)
    return cookie === null ? { udpSize, doBit } : { udpSize, doBit, options: [cookieOption(cookie)] };
  const ednsOptions: EdnsOption[] = [];
  if (text !== null) ednsOptions.push({ code: options.clientStringCode, data: text });
  if (cookie !== null) ednsOptions.push(cookieOption(cookie));
  const padding = isPadded ? paddingOption(query.question, ednsOptions, options.paddingBlockOctets) : null;
  if (padding !== null) ednsOptions.push(padding);
  return { udpSize, doBit, options: ednsOptions };
}

/**
 * The size of UDP messages that is announced. Who is silent may have answered with more than the line lets through (fragments, RFC
 * 9715 §3.1): then the least size (RFC 6891 §6.2.5) makes the server say that it is truncated, and the answer comes over TCP.
 */
function udpSizeFor({ servers, options }: PrepareParts, { known, zoneTimeouts }: UpstreamQuery): number {
  const isSilent = Math.max(zoneTimeouts, servers.timeoutsInRow(known)) >= SILENCES_TO_ASK_FOR_LESS;
  return isSilent ? Math.min(options.ednsBufferOctets, LEAST_UDP_SIZE) : options.ednsBufferOctets;
}

/** Each ASCII letter in either case, by chance (draft-vixie-dnsext-dns0x20). */
function inRandomCase(name: Name, random: Random): Name {
  const flips = random.bytes(Math.ceil(name.length / 8));
  const flipped = name.slice();
  for (let i = 0; i < name.length; i++) {
    const octet = name[i] as number;
    const isLetter = (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7a;
    if (isLetter && ((flips[i >>> 3] ?? 0) >>> (i & 7)) & 1) flipped[i] = octet ^ 0x20;
  }
  return flipped as Name;
}

/** One of the configured local addresses of the server's family; null: the system's choice. */
export function localEndFor(remote: Address, parts: EndParts): LocalEnd | null {
  return parts.options.outgoingAddresses.length === 0 ? null : chooseLocalEnd(remote, parts);
}

function chooseLocalEnd(remote: Address, { random, options }: EndParts): LocalEnd | null {
  const isIp6 = remote.ip.includes(':') || options.nat64Prefix !== null;
  const fitting = options.outgoingAddresses.filter(({ prefix }) => prefix.address.length > 4 === isIp6);
  const chosen = fitting.length === 0 ? undefined : fitting[random.below(fitting.length)];
  if (chosen === undefined) return null;
  const { prefix, scope } = chosen;
  const isBlock = prefix.prefixLength < prefix.address.length * 8;
  return {
    ip: ipText(anyIn(prefix, random)) + scope,
    block: isBlock ? `${ipText(prefix.address)}/${prefix.prefixLength}` : null,
  };
}

/** An address of the prefix by chance: the bits after the prefix say to a forger what a port says (RFC 5452 §9.2). */
function anyIn({ address, prefixLength }: IpPrefix, random: Random): Uint8Array {
  if (prefixLength === address.length * 8) return address;
  const chance = random.bytes(address.length);
  return address.map((octet, i) => {
    return octet | ((chance[i] ?? 0) & ~prefixOctet(prefixLength, i));
  });
}
