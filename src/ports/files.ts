/** Files. Errors are values with the system's words; paths are as configured. */

/** What reading or writing ends as. */
export type FileResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: { readonly kind: 'missing' | 'not-permitted' | 'other'; readonly text: string };
    };

/**
 * Octets of one file that is read, unless the caller knows better: a block list of a million names has about 60 million, and
 * texts longer than some 500 million characters cannot be held at all.
 */
export const MAX_FILE_OCTETS = 256 * 1024 * 1024;

export interface Files {
  /**
   * Reads a regular file to its end. A device, a pipe, a folder, or a file of more than `maxOctets` (`MAX_FILE_OCTETS` when
   * absent) is an error, found without waiting for anybody: all reading is synchronous.
   */
  readText(path: string, maxOctets?: number): FileResult<string>;
  /** The same as octets. */
  readBytes(path: string, maxOctets?: number): FileResult<Uint8Array>;
  /** Writes a new file beside the old one, syncs it and renames it over the old: a crash leaves one or the other whole. */
  replaceAtomically(path: string, content: string | Uint8Array, mode?: number): FileResult<void>;
  /** The same without waiting for the disk: for what is large. */
  replaceInBackground(path: string, content: Uint8Array, mode?: number): Promise<FileResult<void>>;
  /**
   * Reads a regular file that only its owner may read or write, who is this process's user (or whom it becomes), or root. A
   * link, or a file that others have rights to, is an error: what is read there is a secret, or is believed.
   */
  readPrivate(path: string, maxOctets: number): FileResult<Uint8Array>;
  /** The same without waiting for the disk. */
  readPrivateInBackground(path: string, maxOctets: number): Promise<FileResult<Uint8Array>>;
  /** Adds a line or lines at the end (log files). */
  append(path: string, content: string): FileResult<void>;
  remove(path: string): FileResult<void>;
  /** Removes what a process has left that listened there; anything but a socket stays. */
  removeSocket(path: string): void;
  /** Paths that match a glob, sorted; none is no error. `**` is `*`, as in the C library: it does not walk down a tree. */
  glob(pattern: string): readonly string[];
  exists(path: string): boolean;
  /** What tells this file, in this state, from others at its path; null: there is no regular file that may be looked at. */
  identity(path: string): FileIdentity | null;
}

/** A file as the system describes it, unread. */
export interface FileIdentity {
  /** Device, inode, size and times of change to the nanosecond: equal texts are the same content, unless it just changed. */
  readonly text: string;
  /** When content or rights last changed. */
  readonly changedUnixSeconds: number;
}
