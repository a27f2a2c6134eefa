/** Files. Errors are values with the system's words; paths are as configured. */

/** What reading or writing ends as. */
export type FileResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: { readonly kind: 'missing' | 'not-permitted' | 'other'; readonly text: string };
    };

/** The files port. */
export interface Files {
  readText(path: string): FileResult<string>;
  readBytes(path: string): FileResult<Uint8Array>;
  /** Writes a new file beside the old one, syncs it and renames it over the old: a crash leaves one or the other whole. */
  replaceAtomically(path: string, content: string | Uint8Array, mode?: number): FileResult<void>;
  /** Adds a line or lines at the end (log files). */
  append(path: string, content: string): FileResult<void>;
  remove(path: string): FileResult<void>;
  /** Paths that match a glob, sorted; none is no error. */
  glob(pattern: string): readonly string[];
  exists(path: string): boolean;
}
