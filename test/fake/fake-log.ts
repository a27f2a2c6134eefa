/** A log sink that keeps its lines. */

import type { LogLevel, LogSink } from '../../src/ports/log-sink.ts';

/** Lines kept; older ones are dropped, so that a soak test does not grow by its own log. */
const MAX_LINES = 10_000;

/** One line with its level. */
export interface LogLine {
  readonly level: LogLevel;
  readonly line: string;
}

/** A log port that remembers. */
export class FakeLog implements LogSink {
  lines: LogLine[] = [];

  write(level: LogLevel, line: string): void {
    if (this.lines.length >= MAX_LINES) this.lines = this.lines.slice(MAX_LINES / 2);
    this.lines.push({ level, line });
  }

  /** All lines as one text, each with its level. */
  text(): string {
    return this.lines.map(({ level, line }) => `${level}: ${line}\n`).join('');
  }
}
