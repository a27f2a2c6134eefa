/** Where log lines go. The line's text is complete but for time, program and level, which the sink puts before it. */

/** Levels as Unbound names them. */
export type LogLevel = 'fatal error' | 'error' | 'warning' | 'notice' | 'info' | 'query' | 'reply' | 'debug';

/** The log port. */
export interface LogSink {
  write(level: LogLevel, line: string): void;
}
