/** Files in memory. A path is a key; folders exist by being named in one. */

import { posix } from 'node:path';
import { type FileIdentity, type FileResult, type Files, MAX_FILE_OCTETS } from '../../src/ports/files.ts';

const MISSING = { ok: false, error: { kind: 'missing', text: 'No such file or directory' } } as const;
const DENIED = { ok: false, error: { kind: 'not-permitted', text: 'Permission denied' } } as const;
const DONE = { ok: true, value: undefined } as const;

/** A files port in memory; `deny` makes paths unreadable and unwritable. */
export class FakeFiles implements Files {
  readonly #content = new Map<string, Uint8Array>();
  readonly #denied = new Set<string>();
  /** Modes given to `replaceAtomically`, by path. */
  readonly modes = new Map<string, number>();
  /** Paths that were read, in order. */
  readonly reads: string[] = [];
  /** When each file was last changed, unless it is told here: long ago. */
  readonly changedUnixSeconds = new Map<string, number>();
  readonly #versions = new Map<string, number>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.put(path, text);
  }

  /** Puts a file there as somebody else would. */
  put(path: string, text: string): void {
    this.#set(path, new TextEncoder().encode(text));
  }

  /** Makes a path fail with `not-permitted` from now on. */
  deny(path: string): void {
    this.#denied.add(clean(path));
  }

  /** All paths, sorted. */
  paths(): string[] {
    return [...this.#content.keys()].sort();
  }

  readText(path: string, maxOctets?: number): FileResult<string> {
    const read = this.readBytes(path, maxOctets);
    return read.ok ? { ok: true, value: new TextDecoder().decode(read.value) } : read;
  }

  readBytes(path: string, maxOctets = MAX_FILE_OCTETS): FileResult<Uint8Array> {
    this.reads.push(clean(path));
    if (this.#denied.has(clean(path))) return DENIED;
    const content = this.#content.get(clean(path));
    if (content !== undefined && content.length > maxOctets) {
      return { ok: false, error: { kind: 'other', text: `file too large (at most ${maxOctets} octets)` } };
    }
    return content === undefined ? MISSING : { ok: true, value: content.slice() };
  }

  replaceAtomically(path: string, content: string | Uint8Array, mode?: number): FileResult<void> {
    if (this.#denied.has(clean(path))) return DENIED;
    this.#set(path, typeof content === 'string' ? new TextEncoder().encode(content) : content.slice());
    if (mode !== undefined) this.modes.set(clean(path), mode);
    return DONE;
  }

  async replaceInBackground(path: string, content: Uint8Array, mode?: number): Promise<FileResult<void>> {
    return this.replaceAtomically(path, content, mode);
  }

  readPrivate(path: string, maxOctets: number): FileResult<Uint8Array> {
    const mode = this.modes.get(clean(path)) ?? 0o644;
    const read = this.readBytes(path, maxOctets);
    if (!read.ok || (mode & 0o077) === 0) return read;
    return { ok: false, error: { kind: 'other', text: 'others than its owner have rights to it (chmod 600)' } };
  }

  async readPrivateInBackground(path: string, maxOctets: number): Promise<FileResult<Uint8Array>> {
    return this.readPrivate(path, maxOctets);
  }

  append(path: string, content: string): FileResult<void> {
    const before = this.readText(path);
    if (!before.ok && before.error.kind !== 'missing') return before;
    return this.replaceAtomically(path, (before.ok ? before.value : '') + content);
  }

  remove(path: string): FileResult<void> {
    if (this.#denied.has(clean(path))) return DENIED;
    return this.#content.delete(clean(path)) ? DONE : MISSING;
  }

  /** There are no sockets among these files. */
  removeSocket(): void {}

  glob(pattern: string): readonly string[] {
    return this.paths().filter((path) => posix.matchesGlob(path, clean(pattern.replace(/\*{2,}/g, '*'))));
  }

  exists(path: string): boolean {
    return this.#content.has(clean(path));
  }

  identity(path: string): FileIdentity | null {
    const version = this.#versions.get(clean(path));
    if (version === undefined || !this.exists(path)) return null;
    return { text: `${clean(path)} ${version}`, changedUnixSeconds: this.changedUnixSeconds.get(clean(path)) ?? 0 };
  }

  #set(path: string, content: Uint8Array): void {
    this.#content.set(clean(path), content);
    this.#versions.set(clean(path), (this.#versions.get(clean(path)) ?? 0) + 1);
  }
}

function clean(path: string): string {
  return posix.normalize(path);
}
