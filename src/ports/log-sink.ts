/** Where log lines go. The line's text is complete but for time, program and level, which the sink puts before it. */

/** Levels as Unbound names them. */
export type LogLevel = 'fatal error' | 'error' | 'warning' | 'notice' | 'info' | 'query' | 'reply' | 'debug';

/** What a line says, as named values, for sinks that write JSON. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** The log port. */
export interface LogSink {
  /** `fields` is called only by a sink that writes named values; absent: the line is all there is. */
  write(level: LogLevel, line: string, fields?: () => LogFields): void;
}
