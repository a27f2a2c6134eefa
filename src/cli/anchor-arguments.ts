/** Arguments of hawser-anchor: the flags of unbound-anchor, read as getopt reads them. */

import { readShortFlags } from '../config/short-flags.ts';

export interface AnchorArguments {
  readonly anchorPath: string;
  readonly certificatePath: string;
  readonly lists: boolean;
  /** Name or address of the server of the list. */
  readonly server: string;
  readonly port: number;
  readonly usesSni: boolean;
  readonly sourceIp: string | null;
  readonly xmlPath: string;
  readonly signaturePath: string;
  readonly signerEmail: string;
  readonly family: 'any' | 'ip4' | 'ip6';
  readonly resolvConfPath: string | null;
  readonly hintsPath: string | null;
  /** Asks the root servers when the resolvers of `resolvConfPath` do not help. */
  readonly fallsBack: boolean;
  readonly configPath: string | null;
  readonly force: boolean;
  /** How often -v was given. */
  readonly verbose: number;
  readonly wantsHelp: boolean;
}

/** Defaults; the paths are those of Debian's unbound, whose configuration and scripts name them. */
export const ANCHOR_DEFAULTS = {
  anchorPath: '/var/lib/unbound/root.key',
  certificatePath: '/etc/unbound/icannbundle.pem',
  server: 'data.iana.org',
  port: 443,
  xmlPath: 'root-anchors/root-anchors.xml',
  signaturePath: 'root-anchors/root-anchors.p7s',
  signerEmail: 'dnssec@iana.org',
} as const;

/** Reads them; a line when they are wrong. */
export function readAnchorArguments(words: readonly string[]): AnchorArguments | string {
  const read = readShortFlags(words, { withValue: 'acuxsnbfrCP', withoutValue: 'lS46RFvh' });
  if (typeof read === 'string') return read;
  const { values } = read;
  if (read.words.length > 0) return `unexpected argument '${read.words[0]}'`;
  const last = (flag: string): string | null => values.get(flag)?.at(-1) ?? null;
  const port = last('P') ?? String(ANCHOR_DEFAULTS.port);
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return `not a port: ${port}`;
  if (values.has('4') && values.has('6')) return 'either -4 or -6';
  return {
    anchorPath: last('a') ?? ANCHOR_DEFAULTS.anchorPath,
    certificatePath: last('c') ?? ANCHOR_DEFAULTS.certificatePath,
    lists: values.has('l'),
    server: last('u') ?? ANCHOR_DEFAULTS.server,
    port: Number(port),
    usesSni: !values.has('S'),
    sourceIp: last('b'),
    xmlPath: last('x') ?? ANCHOR_DEFAULTS.xmlPath,
    signaturePath: last('s') ?? ANCHOR_DEFAULTS.signaturePath,
    signerEmail: last('n') ?? ANCHOR_DEFAULTS.signerEmail,
    family: values.has('4') ? 'ip4' : values.has('6') ? 'ip6' : 'any',
    resolvConfPath: last('f'),
    hintsPath: last('r'),
    fallsBack: values.has('R'),
    configPath: last('C'),
    force: values.has('F'),
    verbose: values.get('v')?.length ?? 0,
    wantsHelp: values.has('h'),
  };
}
