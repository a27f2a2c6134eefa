/**
 * The forms of what an auth-zone or rpz comes from: servers to transfer from, who may notify, URLs; and prefixes of addresses
 * that hold addresses (DNS64, NAT64).
 */

import { DNS_PORT, TLS_PORT } from '../wire/address-text.ts';
import { ipText, parseIp } from '../wire/ip.ts';
import { type IpPrefix, parsePrefix } from '../wire/ip-prefix.ts';
import type { Name } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { type Form, FormError, plainForm } from './form.ts';
import { netblock, netblockText } from './form-network.ts';

/** Ports of DNS, and of DNS over TLS for a primary whose certificate's name is given. */

/** A server to transfer from, with the text that names it. */
type PrimaryAddress = (
  | { readonly kind: 'address'; readonly ip: string }
  | { readonly kind: 'host'; readonly host: Name }
) & { readonly port: number; readonly tlsName: string | null; readonly text: string };

/** `address or name[@port][#name in the certificate]`. */
export const primary: Form<PrimaryAddress> = plainForm(
  'IP address or name[@port][#name]',
  (text): PrimaryAddress | FormError => readPrimary(text) ?? new FormError(`bad primary: '${text}'`),
  ({ text }) => text,
);

function readPrimary(text: string): PrimaryAddress | null {
  const parts = /^([^@#\s]+)(?:@(\d{1,5}))?(?:#([^@#\s]+))?$/.exec(text);
  if (parts === null) return null;
  const [, target = '', portText, tlsText] = parts;
  const tlsName = tlsText ?? null;
  const port = portText === undefined ? (tlsName === null ? DNS_PORT : TLS_PORT) : Number(portText);
  if (port < 1 || port > 65_535) return null;
  const octets = parseIp(target);
  if (octets !== null) return { kind: 'address', ip: ipText(octets), port, tlsName, text };
  const host = parseName(target);
  return host === null ? null : { kind: 'host', host, port, tlsName, text };
}

type NotifyAddress =
  | { readonly kind: 'block'; readonly block: IpPrefix }
  | { readonly kind: 'host'; readonly host: Name; readonly text: string };

/** An address, a netblock, or the name of a host. */
export const notifySource: Form<NotifyAddress> = plainForm(
  'IP address, netblock or name',
  (text): NotifyAddress | FormError => {
    const block = netblock.read(text);
    if (!(block instanceof FormError)) return { kind: 'block', block };
    const host = text.includes('/') || /\s/.test(text) ? null : parseName(text);
    return host === null ? new FormError(`bad allow-notify: '${text}'`) : { kind: 'host', host, text };
  },
  (value) => (value.kind === 'block' ? netblockText(value.block) : value.text),
);

/** A URL that a zone can be fetched from. */
export const zoneUrl: Form<string> = plainForm(
  'URL, http or https',
  (text) => {
    const parts = /^https?:\/\/(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?(?:\/[\x21-\x7e]*)?$/i.exec(text);
    const port = Number(parts?.[1] ?? 80);
    return parts !== null && port >= 1 && port <= 65_535 ? text : new FormError(`bad url: '${text}'`);
  },
  (value) => value,
);

/** Prefix lengths that addresses can be put into (RFC 6052 §2.2). */
const TRANSLATION_PREFIX_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** An IPv6 prefix that IPv4 addresses are put into. */
export const translationPrefix: Form<string> = plainForm(
  'IPv6 prefix',
  (text) => {
    const block = parsePrefix(text);
    if (block?.address.length === 16 && text.includes('/')) {
      if (TRANSLATION_PREFIX_LENGTHS.includes(block.prefixLength)) return text;
    }
    return new FormError(`IPv6 prefix of length ${TRANSLATION_PREFIX_LENGTHS.join(', ')} expected`);
  },
  (value) => value,
);
