/**
 * A configuration file with everything that it includes, as one list of tokens.
 *
 * Duties: open files, expand globs in order of their names, splice the tokens of included files in, bound depth and
 * amount. A relative path of an include is seen from the last `directory:` before it, as in Unbound.
 * Leaves to others: what the tokens mean (parser.ts).
 */

import type { FileResult, Files } from '../ports/files.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { Findings, Position } from './finding.ts';
import { type ArgumentCount, lex, type Token } from './lexer.ts';
import { MAX_FILE_CHARACTERS, MAX_FILES, MAX_INCLUDE_DEPTH } from './limits.ts';

/** A token of the joined text. `toplevel` stands around files that were included with `include-toplevel`. */
export type SourceToken = Exclude<Token, { readonly kind: 'include' }> | (Position & { readonly kind: 'toplevel' });

interface SourceOptions {
  /** Null: nothing can be included. */
  readonly files: Files | null;
  readonly argumentCount: ArgumentCount;
  readonly keywords: readonly string[];
  readonly findings: Findings;
}

/** Why a file could not be read, in the words of the C library, which operators look for. */
export function reasonText(error: Extract<FileResult<unknown>, { ok: false }>['error']): string {
  switch (error.kind) {
    case 'missing':
      return 'No such file or directory';
    case 'not-permitted':
      return 'Permission denied';
    case 'other':
      return error.text;
    default:
      return unreachable(error.kind);
  }
}

/** Tokens in pieces, in the order in which they count. */
export type SourcePieces = Generator<readonly SourceToken[], void>;

/** Reads a text as if it were the file of that name. A directive and its values stand in the same piece. */
export function readSource(text: string, file: string, options: SourceOptions): SourcePieces {
  return new SourceReader(options).add(text, file, 0);
}

const GLOB_CHARACTERS = /[*?[{~]/;

class SourceReader {
  readonly #options: SourceOptions;
  #fileCount = 0;
  /** Of all files read so far. */
  #characters = 0;
  #isFull = false;
  #directory = '';

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  *add(text: string, file: string, depth: number): SourcePieces {
    const { findings } = this.#options;
    this.#fileCount++;
    this.#characters += text.length;
    if (this.#characters > MAX_FILE_CHARACTERS) {
      findings.error(
        { file, line: 1 },
        `file too large (at most ${MAX_FILE_CHARACTERS} characters, all files together)`,
      );
      return;
    }
    for (const tokens of lex(text, { ...this.#options, file })) {
      let piece: SourceToken[] = [];
      for (const token of tokens) {
        if (token.kind === 'include') {
          yield piece;
          piece = [];
          yield* this.#include(token, depth + 1);
          continue;
        }
        const previous = piece.at(-1);
        if (token.kind === 'value' && previous?.kind === 'directive' && previous.text === 'directory') {
          this.#directory = token.text;
        }
        piece.push(token);
      }
      yield piece;
    }
  }

  *#include(token: Extract<Token, { kind: 'include' }>, depth: number): SourcePieces {
    const { findings, files } = this.#options;
    const { file, line, pattern, isToplevel } = token;
    if (depth > MAX_INCLUDE_DEPTH) {
      findings.error(token, `includes nested too deeply (at most ${MAX_INCLUDE_DEPTH}): '${pattern}'`);
      return;
    }
    if (files === null) {
      findings.error(token, `cannot open include file '${pattern}': there are no files here`);
      return;
    }
    if (isToplevel) yield [{ file, line, kind: 'toplevel' }];
    const paths = this.#pathsOf(pattern, files);
    // A folder without such files is usual; without the folder a part of the configuration would be missing.
    const folder =
      paths.length === 0 ? pattern.slice(0, pattern.slice(0, pattern.search(GLOB_CHARACTERS)).lastIndexOf('/')) : '';
    if (folder.startsWith('/') && !files.exists(folder)) {
      findings.error(token, `cannot open include file '${pattern}': there is no folder ${folder}`);
    }
    for (const path of paths) {
      if (this.#fileCount >= MAX_FILES) {
        if (!this.#isFull) findings.error(token, `too many files are included (at most ${MAX_FILES})`);
        this.#isFull = true;
        return;
      }
      const content = files.readText(path, MAX_FILE_CHARACTERS - this.#characters);
      if (content.ok) yield* this.add(content.value, path, depth);
      else findings.error(token, `cannot open include file '${path}': ${reasonText(content.error)}`);
      if (isToplevel) yield [{ file, line, kind: 'toplevel' }];
    }
  }

  #pathsOf(pattern: string, files: Files): readonly string[] {
    const isRelative = !pattern.startsWith('/') && !pattern.startsWith('~');
    const path = isRelative && this.#directory !== '' ? `${this.#directory}/${pattern}` : pattern;
    return GLOB_CHARACTERS.test(path) ? files.glob(path) : [path];
  }
}
