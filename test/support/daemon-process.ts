/** hawserd as a process of its own: started, waited for, listened to, and ended whatever happened. */

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';

/** The project's programs. */
export const BIN = join(import.meta.dirname, '..', '..', 'bin');
export const HAWSERD = join(BIN, 'hawserd');
/** Milliseconds that anything is waited for: the machine may have other work. */
export const PATIENCE_MS = 30_000;
const POLL_MS = 10;

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** One at a time: `end` before the next `start`, unless it has ended by itself. */
export class DaemonProcess {
  /** What it wrote to standard error since `start`, or since it was emptied. */
  log = '';
  /** It has said to who started it that all is done: only where `options` give it a channel (`ipc`), as the background does. */
  isReady = false;
  #child: ChildProcess | null = null;

  /** Starts it with this configuration, in the foreground; `command` in place of the plain one. Does not wait. */
  start(config: string, command: readonly string[] = [HAWSERD, '-d', '-c', config], options: SpawnOptions = {}): void {
    const [program = '', ...words] = command;
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
    this.#child = child;
    child.on('message', () => {
      this.isReady = true;
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.log += text.toString();
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Null while it runs. */
  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  get hasEnded(): boolean {
    return this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Closes the channel of `ipc`, as the end of who started it does. */
  disconnect(): void {
    this.#child?.disconnect();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Its exit status, when it has ended; null: by a signal. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child !== null && !this.hasEnded) await new Promise((resolve) => child.once('exit', resolve));
    return this.exitCode;
  }

  /** Waits until something is true; throws with the log when that takes too long. */
  async until(isTrue: () => boolean, more: () => string = () => ''): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (!isTrue()) {
      if (performance.now() > giveUpAt) throw new Error(`waited in vain:\n${more()}${this.log}`);
      await new Promise((resume) => setTimeout(resume, POLL_MS));
    }
  }

  /** Waits until this was logged so many times; throws when it ends without. */
  async logged(pattern: RegExp, times = 1): Promise<void> {
    const global = new RegExp(pattern, 'g');
    const isThere = (): boolean => [...this.log.matchAll(global)].length >= times;
    await this.until(() => isThere() || this.hasEnded);
    if (!isThere()) throw new Error(`ended without ${pattern}:\n${this.log}`);
  }

  /** Ends it at once and forgets its log. */
  async end(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended();
    this.#child = null;
    this.isReady = false;
    this.log = '';
  }
}
