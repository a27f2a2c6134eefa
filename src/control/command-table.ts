/** All commands by name: finds the one that a line asks for and runs it. */

import type { BulkInput, Command, Reply } from './command.ts';

export class CommandTable {
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(commands: readonly Command[]) {
    this.#commands = new Map(commands.map((command) => [command.name, command]));
  }

  names(): readonly string[] {
    return [...this.#commands.keys()];
  }

  /** Runs a line, outer blanks removed. */
  run(line: string): Reply | Promise<Reply> | BulkInput {
    const name = /^\S*/.exec(line)?.[0] ?? '';
    const command = this.#commands.get(name);
    if (command === undefined) return `error unknown command '${line}'\n`;
    const words = line.slice(name.length).trim();
    if (command.takes === 'none' && words !== '') {
      return `error command ${name} takes no arguments, have '${words}'\n`;
    }
    return command.run(words);
  }
}
