/** A subcommand of the program `hawser`. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** One subcommand: a row of the table in hawser.ts. */
export interface Subcommand {
  readonly name: string;
  /** One line for the list. */
  readonly summary: string;
  /** What `-h` prints: usage, options, exit status, examples. */
  readonly usage: string;
  /** Runs it; the exit status. */
  run(words: readonly string[]): Promise<number>;
}

/** Exit status of every subcommand for words that it does not understand: "could not be tested" to monitoring. */
export const USAGE_STATUS = 3;

/** Options and other words; a text: what is wrong with them. */
export function readWords<const Options extends ParseArgsOptionsConfig>(words: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    return (error as Error).message;
  }
}

/** What options were given. */
export type WordValues<Options extends ParseArgsOptionsConfig> = Exclude<
  ReturnType<typeof readWords<Options>>,
  string
>['values'];

/** Writes what is wrong with the words, and where help is. `command`: the words up to there, without the program. */
export function refuseWords(command: string, why: string): number {
  const name = `hawser ${command}`.trim();
  process.stderr.write(`${name}: ${why}\n${name} -h tells how it is used.\n`);
  return USAGE_STATUS;
}
