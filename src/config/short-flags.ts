/** Words of a command line with flags of one letter, read as getopt reads them: `-dv`, `-cFILE`, `-c FILE`; `--` ends the flags. */

interface FlagLetters {
  readonly withValue: string;
  readonly withoutValue: string;
  /** Whether a word that looks like flags is meant as such, after these other words; absent: always. */
  readonly isMeant?: (word: string, before: readonly string[]) => boolean;
}

interface ShortFlags {
  /** What a flag was given, in order; an empty text for each time where it takes none. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Words that are no flags, in order. */
  readonly words: readonly string[];
}

/** Reads them; a line when they are wrong. */
export function readShortFlags(given: readonly string[], letters: FlagLetters): ShortFlags | string {
  const { withValue, withoutValue, isMeant = () => true } = letters;
  const values = new Map<string, string[]>();
  const words: string[] = [];
  const note = (flag: string, value: string): void => void values.set(flag, [...(values.get(flag) ?? []), value]);
  for (let i = 0; i < given.length; i++) {
    const word = given[i] ?? '';
    if (word === '--') return { values, words: [...words, ...given.slice(i + 1)] };
    if (!/^-./.test(word) || !isMeant(word, words)) {
      words.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const flag = word.charAt(at);
      if (withValue.includes(flag)) {
        const value = word.slice(at + 1) || given[++i];
        if (value === undefined) return `option requires an argument -- '${flag}'`;
        note(flag, value);
        break;
      }
      if (!withoutValue.includes(flag)) return `invalid option -- '${flag}'`;
      note(flag, '');
    }
  }
  return { values, words };
}
