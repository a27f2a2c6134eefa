/** What a check of the host ends as. */

/** How well it is. `failure`: mail will wait, or be delivered to a forger. `warning`: it works, but not as it should. */
export type Level = 'ok' | 'warning' | 'failure';

/** One result: a sentence of cause, and a sentence of remedy where something is to be done. */
export interface Outcome {
  readonly level: Level;
  readonly cause: string;
  /** Null when all is well. */
  readonly remedy: string | null;
}

export function ok(cause: string): Outcome {
  return { level: 'ok', cause, remedy: null };
}

/** It works, but not as it should. */
export function warning(cause: string, remedy: string): Outcome {
  return { level: 'warning', cause, remedy };
}

/** It does not work, or does not protect. */
export function failure(cause: string, remedy: string): Outcome {
  return { level: 'failure', cause, remedy };
}
