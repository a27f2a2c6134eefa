/** Bugs: the end of an exhaustive switch, and the text of what was thrown. */

/** Marks a branch that the type system proves cannot be taken; throws when a bug takes it all the same. */
export function unreachable(value: never): never {
  throw new Bug('a case that cannot be', { value });
}

/** A bug: something that cannot happen did. Caught at two borders only: per client query and per control command. */
export class Bug extends Error {
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(text: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(text);
    this.name = 'Bug';
    this.facts = facts;
  }
}

/** What was thrown, with where, in one line of a log. */
export function bugText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.replaceAll('\n', ' |');
}
