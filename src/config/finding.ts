/** What reading a configuration finds: one line per finding, all at once. */

import { MAX_FINDINGS } from './limits.ts';

/** A place in a configuration. */
export interface Position {
  readonly file: string;
  /** From 1; 0 when no line is to blame. */
  readonly line: number;
}

/** One finding. A warning does not keep the daemon from starting. */
export interface Finding extends Position {
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

/** A finding as one line of text, as Unbound writes it. */
export function findingText({ file, line, severity, text }: Finding): string {
  if (line > 0) return `${file}:${line}: ${severity}: ${text}`;
  return text.includes(file) ? `${severity}: ${text}` : `${file}: ${severity}: ${text}`;
}

/** Collects findings while a configuration is read; keeps `MAX_FINDINGS` of each severity and counts the others. */
export class Findings {
  readonly #kept: Finding[] = [];
  #errorCount = 0;
  #warningCount = 0;

  error(at: Position, text: string): void {
    this.#errorCount++;
    if (this.#errorCount <= MAX_FINDINGS) this.#keep(at, 'error', text);
  }

  warning(at: Position, text: string): void {
    this.#warningCount++;
    if (this.#warningCount <= MAX_FINDINGS) this.#keep(at, 'warning', text);
  }

  #keep({ file, line }: Position, severity: Finding['severity'], text: string): void {
    this.#kept.push({ file, line, severity, text });
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  /** The findings by file and line, those without a line last, and one more for those beyond the limit. */
  list(): readonly Finding[] {
    const left = Math.max(0, this.#errorCount - MAX_FINDINGS) + Math.max(0, this.#warningCount - MAX_FINDINGS);
    const files = [...new Set(this.#kept.map(({ file }) => file))];
    const rank = ({ file, line }: Position): number => (line === 0 ? files.length : files.indexOf(file));
    const sorted = this.#kept.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line);
    if (left === 0) return sorted;
    return [...sorted, { file: '', line: 0, severity: 'warning', text: `${left} more findings are not shown` }];
  }
}
