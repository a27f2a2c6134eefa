/**
 * Makes plain properties of a program's private members (`#name`). Before V8 has optimised a function it looks each private name up by
 * its key, in C++ or in a builtin of its own, where a plain name has a cell that says where it lies: a process that just started,
 * which is when most names are cold, takes measurably longer (bench/RESULTS.md).
 *
 * That private members stay private TypeScript has proven. What is left to care for: whatever goes through an object's properties
 * meets them, and an object that has none gives undefined where it threw. Each class gets names of its own, so that neither a subclass
 * nor a public member has the same. Lines stay where they are: reports of bugs name them.
 *
 * Refused: `#name in object`, which asks for what a plain property does not say.
 */

import { type ESTree, parseSync, Visitor } from 'rolldown/utils';

/** A class whose body is being read: the private names that it declares, and what they end in when they are plain. */
interface OpenClass {
  readonly declared: ReadonlySet<string>;
  readonly ending: string;
}

/** A piece of the text that becomes another. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The tree of JavaScript that is no module; throws where it is none. */
export function parseScript(code: string): ESTree.Program {
  const { program, errors } = parseSync('program.cjs', code);
  if (errors[0] !== undefined) throw new Error(`not JavaScript: ${errors[0].message}`);
  return program;
}

/** The text with its edits; throws when one reaches into another. */
export function edited(code: string, edits: readonly Edit[]): string {
  let text = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) throw new Error(`two edits of: ${code.slice(edit.start, at)}`);
    text += code.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + code.slice(at);
}

function privateNames({ body }: ESTree.ClassBody): Set<string> {
  const keys = body.map((member) => ('key' in member ? member.key : null));
  return new Set(keys.flatMap((key) => (key?.type === 'PrivateIdentifier' ? [key.name] : [])));
}

/**
 * The text of a program with plain members. `mark` tells its classes from those of the program's other files, whose members they may
 * inherit: a part of an identifier, other for each file. Throws what it refuses.
 */
export function withPlainMembers(code: string, mark: string): string {
  const open: OpenClass[] = [];
  const edits: Edit[] = [];
  const others = new Set<unknown>();
  let classes = 0;
  new Visitor({
    // Not the class: what it extends is outside of its names.
    ClassBody(body) {
      classes += 1;
      open.push({ declared: privateNames(body), ending: `$${mark}${classes}` });
    },
    'ClassBody:exit'() {
      open.pop();
    },
    PrivateIdentifier({ name, start, end }) {
      const ending = open.findLast(({ declared }) => declared.has(name))?.ending;
      if (ending === undefined) throw new Error(`#${name} is declared nowhere`);
      edits.push({ start, end, text: name + ending });
    },
    BinaryExpression({ left, start }) {
      const { type }: { type: string } = left;
      if (type === 'PrivateIdentifier')
        throw new Error(`line ${code.slice(0, start).split('\n').length}: asks with \`in\` for a private name`);
    },
    Identifier({ name }) {
      others.add(name);
    },
    Literal({ value }) {
      others.add(value);
    },
  }).visit(parseScript(code));
  for (const { text } of edits) if (others.has(text)) throw new Error(`there is a ${text} already`);
  return edited(code, edits);
}
