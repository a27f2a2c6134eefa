/** Arguments of hawser-host: the flags of unbound-host, read as getopt reads them; the name may stand anywhere. */

import { readShortFlags } from '../config/short-flags.ts';

export interface HostArguments {
  /** Null: usage. */
  readonly name: string | null;
  readonly type: string | null;
  readonly className: string;
  readonly configPath: string | null;
  /** Lines, files, and files in the form of named.conf that hold trust anchors. */
  readonly anchors: readonly string[];
  readonly anchorFiles: readonly string[];
  readonly bindAnchorFiles: readonly string[];
  readonly usesResolvConf: boolean;
  readonly verbose: boolean;
  readonly traces: boolean;
  readonly family: 'any' | 'ip4' | 'ip6';
}

/** Reads them; a line when they are wrong. */
export function readHostArguments(words: readonly string[]): HostArguments | string {
  const read = readShortFlags(words, { withValue: 'cCtyfF', withoutValue: 'vdhrD46' });
  if (typeof read === 'string') return read;
  const { values, words: names } = read;
  const all = (flag: string): readonly string[] => values.get(flag) ?? [];
  return {
    name: names.length === 1 && !values.has('h') ? (names[0] ?? null) : null,
    type: all('t').at(-1) ?? null,
    className: all('c').at(-1) ?? 'IN',
    configPath: all('C').at(-1) ?? null,
    anchors: all('y'),
    anchorFiles: all('f'),
    bindAnchorFiles: all('F'),
    usesResolvConf: values.has('r'),
    verbose: values.has('v'),
    traces: values.has('d'),
    family: values.has('4') ? 'ip4' : values.has('6') ? 'ip6' : 'any',
  };
}
