/**
 * One connection of a control client: its one command, the lines of a bulk command, the reply at the client's own pace.
 *
 * Duties: commands in any number of reads; replies in pieces with back-pressure; turns for other events between pieces;
 * the idle limit; a bug in a command costs that command.
 * Leaves to others: octets to lines (request-reader.ts), commands (command-table.ts), how many connections (control-server.ts).
 */

import type { CancelTimer, Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { ByteStream, StreamEvents } from '../ports/network.ts';
import { bugText, unreachable } from '../terms/unreachable.ts';
import type { BulkInput, Reply } from './command.ts';
import type { CommandTable } from './command-table.ts';
import { Feed } from './feed.ts';
import { CONTROL_LIMITS } from './limits.ts';
import { RequestReader } from './request-reader.ts';

export interface ControlConnectionParts {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly commands: () => CommandTable;
  readonly commandRan: (command: string) => void;
  readonly onClosed: (connection: ControlConnection) => void;
}

/** Text to octets, in pieces of a size that the kernel takes at once. */
const encoder = new TextEncoder();

export class ControlConnection implements StreamEvents {
  readonly #parts: ControlConnectionParts;
  readonly #stream: ByteStream;
  readonly #reader = new RequestReader();
  #isOpen = true;
  #isPaused = false;
  /** The connection's one run through command and lines is going on. */
  #isBusy = false;
  #hasCommand = false;
  #command = '';
  #bulk: BulkInput | null = null;
  #feed: Feed | null = null;
  #bulkOctets = 0;
  #lineNumber = 0;
  #errors: string[] = [];
  #untoldErrors = 0;
  #onDrain: (() => void) | null = null;
  #activeAtMs: number;
  #cancelTimer: CancelTimer;

  constructor(stream: ByteStream, parts: ControlConnectionParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#activeAtMs = parts.clock.monotonicMs();
    this.#cancelTimer = parts.clock.after(CONTROL_LIMITS.idleMs, this.#onTimer);
  }

  /** Since when it has waited for its client (for the command, for more lines, to read the reply), monotonic ms; null: it works. */
  get waitsSinceMs(): number | null {
    const isWaiting = this.#onDrain !== null || (!this.#isBusy && this.#feed === null);
    return isWaiting ? this.#activeAtMs : null;
  }

  readonly onData = (bytes: Uint8Array): void => {
    if (!this.#isOpen) return;
    this.#activeAtMs = this.#parts.clock.monotonicMs();
    this.#reader.push(bytes);
    if (this.#reader.waiting > CONTROL_LIMITS.inputOctets && !this.#isPaused) {
      this.#isPaused = true;
      this.#stream.pause();
    }
    if (!this.#isBusy) void this.#work();
  };

  readonly onClose = (): void => {
    this.#finish();
  };

  readonly onDrain = (): void => {
    this.#activeAtMs = this.#parts.clock.monotonicMs();
    const resume = this.#onDrain;
    this.#onDrain = null;
    resume?.();
  };

  close(): void {
    this.#stream.destroy();
    this.#finish();
  }

  /** Reads what there is to read; never rejects. */
  async #work(): Promise<void> {
    this.#isBusy = true;
    try {
      for (let lines = 1; this.#isOpen; lines++) {
        const piece = this.#reader.next();
        if (piece === null) break;
        if (piece.kind === 'line') await this.#takeLine(piece.text);
        else await this.#refuse(piece.kind);
        if (lines % CONTROL_LIMITS.linesPerTurn === 0) await this.#parts.clock.nextTurn();
      }
    } catch (error) {
      // The second border of architecture 10: a bug costs one command, not the process.
      this.#parts.log.write('error', `bug in a control command: ${bugText(error)}`);
      await this.#answer('error internal error, see the log\n');
    } finally {
      this.#isBusy = false;
    }
    this.#readOn();
  }

  #readOn(): void {
    if (!this.#isOpen || !this.#isPaused) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  async #refuse(kind: 'bad-magic' | 'wrong-version' | 'line-too-long'): Promise<void> {
    switch (kind) {
      case 'bad-magic':
        return this.close();
      case 'wrong-version':
        return await this.#answer('error version mismatch\n');
      case 'line-too-long':
        return await this.#answer(`error line longer than ${CONTROL_LIMITS.lineOctets} octets\n`);
      default:
        return unreachable(kind);
    }
  }

  async #takeLine(line: string): Promise<void> {
    if (this.#bulk !== null) return await this.#takeBulkLine(this.#bulk, line);
    if (this.#hasCommand) return;
    this.#hasCommand = true;
    this.#command = line.trim();
    const outcome = await this.#parts.commands().run(this.#command);
    this.#parts.commandRan(this.#command);
    if (typeof outcome === 'object' && 'isEnd' in outcome) this.#bulk = outcome;
    else if (outcome instanceof Feed) await this.#pass(outcome);
    else await this.#answer(outcome);
  }

  async #takeBulkLine(bulk: BulkInput, line: string): Promise<void> {
    this.#lineNumber++;
    this.#bulkOctets += line.length + 1;
    if (this.#bulkOctets > CONTROL_LIMITS.bulkOctets) {
      return await this.#answer(`error more than ${CONTROL_LIMITS.bulkOctets} octets of input\n`);
    }
    if (!bulk.isEnd(line)) {
      const error = bulk.take(line, this.#lineNumber);
      this.#parts.commandRan(this.#command);
      if (error === null) return;
      if (this.#errors.length < CONTROL_LIMITS.toldErrors) this.#errors.push(error);
      else this.#untoldErrors++;
      return;
    }
    this.#bulk = null;
    const more = this.#untoldErrors === 0 ? [] : [`error ${this.#untoldErrors} more lines with errors`];
    const told = [...this.#errors, ...more].map((error) => `${error}\n`).join('');
    const last = bulk.finish();
    this.#parts.commandRan(this.#command);
    await this.#answer(told + last);
  }

  /** Writes what comes in time, then closes. A client that leaves ends the feed. */
  async #pass(feed: Feed): Promise<void> {
    this.#feed = feed;
    // The connection may have closed while the command began.
    if (!this.#isOpen) feed.abandon();
    for (let piece = await feed.next(); piece !== null; piece = await feed.next()) {
      if (!this.#isOpen) return;
      this.#activeAtMs = this.#parts.clock.monotonicMs();
      await this.#write(piece);
    }
    if (this.#isOpen) this.#stream.end();
  }

  /** Writes a reply as fast as the client reads it, then closes. */
  async #answer(reply: Exclude<Reply, Feed>): Promise<void> {
    let text = '';
    let pieces = 0;
    for (const piece of typeof reply === 'string' ? [reply] : reply) {
      text += piece;
      const isTurnOver = ++pieces % CONTROL_LIMITS.piecesPerTurn === 0;
      if (text.length < CONTROL_LIMITS.octetsPerTurn && !isTurnOver) continue;
      await this.#write(text);
      text = '';
      if (!this.#isOpen) return;
      await this.#parts.clock.nextTurn();
    }
    await this.#write(text);
    if (!this.#isOpen) return;
    this.#stream.end();
  }

  async #write(text: string): Promise<void> {
    if (!this.#isOpen || text === '' || this.#stream.write(encoder.encode(text))) return;
    await new Promise<void>((resume) => {
      this.#onDrain = resume;
    });
  }

  readonly #onTimer = (): void => {
    if (!this.#isOpen) return;
    const { clock } = this.#parts;
    // A feed has its own end, and may be silent for as long as nobody asks.
    const isFed = this.#feed?.isOpen === true && this.#onDrain === null;
    const left = isFed ? CONTROL_LIMITS.idleMs : this.#activeAtMs + CONTROL_LIMITS.idleMs - clock.monotonicMs();
    if (left > 0) this.#cancelTimer = clock.after(left, this.#onTimer);
    else this.close();
  };

  #finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#cancelTimer();
    this.#feed?.abandon();
    this.onDrain();
    this.#parts.onClosed(this);
  }
}
