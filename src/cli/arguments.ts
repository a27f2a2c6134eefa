/** Arguments of hawserd: the flags of unbound, read as getopt reads them (`-dv`, `-cFILE`, `-c FILE`). */

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
  const counts = new Map<string, number>();
  let configPath: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!/^-./.test(word)) return { ok: false, text: `unexpected argument '${word}'` };
    for (let at = 1; at < word.length; at++) {
      const flag = word.charAt(at);
      if (flag === 'c') {
        const value = word.slice(at + 1) || words[++i];
        if (value === undefined) return { ok: false, text: "option requires an argument -- 'c'" };
        configPath = value;
        break;
      }
      if (!'dhpvV'.includes(flag)) return { ok: false, text: `invalid option -- '${flag}'` };
      counts.set(flag, (counts.get(flag) ?? 0) + 1);
    }
  }
  const times = (flag: string): number => counts.get(flag) ?? 0;
  return {
    ok: true,
    value: {
      configPath,
      debug: times('d'),
      noPidfile: times('p') > 0,
      verbose: times('v'),
      wantsHelp: times('h') > 0,
      wantsVersion: times('V') > 0,
    },
  };
}
