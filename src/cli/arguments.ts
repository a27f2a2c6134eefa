/** Arguments of hawserd: the flags of unbound, read as getopt reads them (`-dv`, `-cFILE`, `-c FILE`). */

import { readShortFlags } from '../config/short-flags.ts';

export interface Arguments {
  readonly configPath: string | null;
  /** How often -d was given: 1 stays in the foreground, 2 logs to stderr as well. */
  readonly debug: number;
  readonly noPidfile: boolean;
  /** Added to `verbosity`. */
  readonly verbose: number;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

/** The arguments, or the line that says what is wrong with them. */
type ReadArguments = { readonly ok: true; readonly value: Arguments } | { readonly ok: false; readonly text: string };

export function readArguments(words: readonly string[]): ReadArguments {
  const read = readShortFlags(words, { withValue: 'c', withoutValue: 'dhpvV' });
  if (typeof read === 'string') return { ok: false, text: read };
  const [unexpected] = read.words;
  if (unexpected !== undefined) return { ok: false, text: `unexpected argument '${unexpected}'` };
  const times = (flag: string): number => read.values.get(flag)?.length ?? 0;
  return {
    ok: true,
    value: {
      configPath: read.values.get('c')?.at(-1) ?? null,
      debug: times('d'),
      noPidfile: times('p') > 0,
      verbose: times('v'),
      wantsHelp: times('h') > 0,
      wantsVersion: times('V') > 0,
    },
  };
}
