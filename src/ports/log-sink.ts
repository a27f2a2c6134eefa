/** Where log lines go. The line's text is complete but for time, program and level, which the sink puts before it. */

/** Levels as Unbound names them. */
export type LogLevel = 'fatal error' | 'error' | 'warning' | 'notice' | 'info' | 'query' | 'reply' | 'debug';

/** What a line says, as named values, for sinks that write JSON. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface LogSink {
  /** `fields` is called only by a sink that writes named values; absent: the line is all there is. */
  write(level: LogLevel, line: string, fields?: () => LogFields): void;
}

/** How the time is written. */
export type LogTime = 'epoch' | 'ascii' | 'iso';

/** Where lines go and how they look. */
export interface LogTarget {
  /** A file to append to; null: none. */
  readonly file: string | null;
  readonly syslog: boolean;
  /** Program name in the line (log-identity). */
  readonly identity: string;
  readonly time: LogTime;
  /** The system's number of the thread in place of 0 (log-thread-id). On Linux the main thread's is the process's. */
  readonly hasThreadId: boolean;
  /** A JSON object for each line, in place of Unbound's form (log-format). */
  readonly isJson: boolean;
}

/** A log whose target may change (reload, log_reopen). */
export interface ConfigurableLog extends LogSink {
  /**
   * Takes another target; the text says why the file cannot be opened. Then lines go on into the file before, or to stderr
   * where there is none.
   */
  configure(target: LogTarget): string | null;
  /** Whether notices are written (verbosity 1 and more); they are until somebody says otherwise. */
  setNotices(hasNotices: boolean): void;
  /** Opens the file anew, after it was moved away; the text says why it cannot, and lines go on into the one before. */
  reopen(): string | null;
}

/** Program name of log lines when log-identity is empty. */
export const DEFAULT_LOG_IDENTITY = 'hawserd';
