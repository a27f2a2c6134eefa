/** What the files of a zone looked like when they were read, so that a reload need not read them again while nothing has changed. */

import type { Files } from '../ports/files.ts';

/**
 * Seconds that a file's last change must lie back to be trusted: file systems keep times in steps of up to 2 s (FAT), so that another
 * change in the same step would not show.
 */
const SETTLED_AFTER_SECONDS = 3;

/** A file by the name that leads to it, with what it looked like just before it was read. */
interface ReadFile {
  readonly name: string;
  readonly identity: string;
}

/** The files that a zone was read from, the zone file first, then what it includes. */
export class ZoneFileState {
  readonly #read: ReadFile[] = [];
  #isSure = true;

  /** To be called just before a file is read: a change after that shows. */
  note(name: string, path: string, files: Files, nowUnixSeconds: number): void {
    const found = files.identity(path);
    const isSettled = found !== null && found.changedUnixSeconds < nowUnixSeconds - SETTLED_AFTER_SECONDS;
    if (isSettled) this.#read.push({ name, identity: found.text });
    else this.#isSure = false;
  }

  /** True when each name still leads to the very file that was read; in doubt false. */
  isUnchanged(pathOf: (name: string) => string, files: Files): boolean {
    return this.#isSure && this.#read.every(({ name, identity }) => files.identity(pathOf(name))?.text === identity);
  }
}
