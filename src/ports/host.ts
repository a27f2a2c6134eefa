/** The host that this program runs on, as a check of it reads it. Nothing here changes anything. */

/** Who may do what with a file or folder. */
export interface FileFacts {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, such as 0o644. */
  readonly mode: number;
  /** False when this process may not write it, or its file system is mounted read-only. */
  readonly isWritable: boolean;
}

export interface UserIds {
  readonly uid: number;
  /** The groups of the user, the primary one among them. */
  readonly gids: readonly number[];
}

/** Limits of a process, null where there is none or none is known. */
export interface ProcessLimits {
  /** Files and sockets that may be open at once. */
  readonly openFiles: number | null;
  /** Octets of memory of the host or of the control group, whichever is less. */
  readonly memoryOctets: number | null;
}

export interface Host {
  /** Null when there is no such file. */
  fileFacts(path: string): FileFacts | null;
  /** What a symbolic link names, as written; null for anything else. */
  linkTarget(path: string): string | null;
  /** Null when there is no user of this name. */
  userNamed(name: string): UserIds | null;
  /** Standard output of a program; null when it is not installed, fails, or takes longer than some seconds. */
  run(program: string, args: readonly string[]): Promise<string | null>;
  /** Name of the program that takes what comes to this address, such as `systemd-resolve`; null when that cannot be seen. */
  holderOf(ip: Uint8Array, port: number): string | null;
  limits(): ProcessLimits;
}
