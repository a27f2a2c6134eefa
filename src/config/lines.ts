/** The lines of a clause, by directive: where a finding about them stands. */

import type { Position } from './finding.ts';
import type { Clause, Entry } from './parser.ts';

/** What has no line to blame. */
export const NOWHERE: Position = { file: '', line: 0 };

/** The lines of some clauses together. */
export class Lines {
  readonly #byDirective = new Map<string, Entry[]>();

  constructor(clauses: readonly Clause[]) {
    for (const entry of clauses.flatMap(({ entries }) => entries)) {
      const known = this.#byDirective.get(entry.directive);
      if (known === undefined) this.#byDirective.set(entry.directive, [entry]);
      else known.push(entry);
    }
  }

  of(directive: string): readonly Entry[] {
    return this.#byDirective.get(directive) ?? [];
  }

  last(directive: string): Position {
    return this.of(directive).at(-1) ?? NOWHERE;
  }
}
