/** What reading a configuration finds: one line per finding, all at once. */

/** One finding. A warning does not keep the daemon from starting. */
export interface Finding {
  readonly file: string;
  /** From 1; 0 when no line is to blame. */
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

/** A finding as one line of text, as Unbound writes it. */
export function findingText({ file, line, severity, text }: Finding): string {
  return line === 0 ? `${severity}: ${text}` : `${file}:${line}: ${severity}: ${text}`;
}
