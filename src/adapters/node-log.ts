/**
 * Log lines in Unbound's form or as JSON, to stderr, a file or syslog.
 *
 * Duties: the prefix `[time] name[pid:0] level: `, times as epoch seconds, ascii or ISO; appending to the log file and
 * opening it again (log rotation); syslog without the time, since syslog has its own; a last line of a process that is killed.
 * Known limit: Node has no unix datagram socket, so lines for syslog go to one running `logger` process over its stdin;
 * where there is none, or no syslog (/dev/log), they go to stderr, which a service manager collects as well. Lines that
 * the logger does not take in time are dropped beyond a bound, and their number is told.
 */

import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import {
  type ConfigurableLog,
  DEFAULT_LOG_IDENTITY,
  type LogFields,
  type LogLevel,
  type LogTarget,
  type LogTime,
} from '../ports/log-sink.ts';
import { childProcesses } from './child-processes.ts';
import { watchForEnd } from './last-line.ts';
import { type LowUser, openForAppending } from './root-writes.ts';

/** The log of a process, which ends with it. */
export interface NodeLog extends ConfigurableLog {
  close(): void;
}

const STDERR = 2;
/** Names of descriptors that the process has already: opened anew by name they would ask for rights that a user lacks. */
const OWN_DESCRIPTORS: Readonly<Record<string, number>> = {
  '/dev/stdout': 1,
  '/proc/self/fd/1': 1,
  '/dev/fd/1': 1,
  '/dev/stderr': STDERR,
  '/proc/self/fd/2': STDERR,
  '/dev/fd/2': STDERR,
};
const LOGGERS = ['/usr/bin/logger', '/bin/logger'];
const SYSLOG_SOCKET = '/dev/log';
/** Octets that may wait for the logger; lines beyond are dropped. A minute of a busy log. */
const MAX_LOGGER_BACKLOG = 4 * 1024 * 1024;
const TO_STDERR: LogTarget = {
  file: null,
  syslog: false,
  identity: DEFAULT_LOG_IDENTITY,
  time: 'epoch',
  hasThreadId: false,
  isJson: false,
};

/**
 * The log of this process; to stderr until it is configured. `user` tells whom a process that is still root will become,
 * whose the file is to be.
 */
export function createNodeLog(user: () => LowUser | null = () => null): NodeLog {
  return new ProcessLog(user);
}

class ProcessLog implements NodeLog {
  readonly #user: () => LowUser | null;
  #target = TO_STDERR;
  #fd = STDERR;
  #logger: ChildProcess | null = null;
  /** Nobody writes of the end of this process but itself. */
  #unwatch: () => void = () => {};
  #dropped = 0;
  #hasNotices = true;

  constructor(user: () => LowUser | null) {
    this.#user = user;
  }

  write(level: LogLevel, line: string, fields?: () => LogFields): void {
    if (level === 'notice' && !this.#hasNotices) return;
    const { identity, time, syslog, isJson } = this.#target;
    const place = `[${process.pid}:${this.#target.hasThreadId ? process.pid : 0}]`;
    const { stdin } = this.#logger ?? {};
    if (syslog && stdin?.writable === true) {
      this.#writeToLogger(stdin, level, isJson ? this.#json(level, line, fields) : `${place} ${level}: ${line}`);
      return;
    }
    const text = isJson ? this.#json(level, line, fields) : `${timeText(time)} ${identity}${place} ${level}: ${line}`;
    if (!writeWhole(this.#fd, `${text}\n`) && this.#fd !== STDERR) writeWhole(STDERR, `${text}\n`);
  }

  /** A line as JSON: its fields, or its text where it has none. */
  #json(level: LogLevel, line: string, fields?: () => LogFields): string {
    const { identity } = this.#target;
    const what = fields === undefined ? { message: line } : fields();
    return JSON.stringify({ time: new Date().toISOString(), identity, pid: process.pid, level, ...what });
  }

  /** One line, or none while the logger lags behind. */
  #writeToLogger(stdin: Writable, level: LogLevel, text: string): void {
    if (stdin.writableLength > MAX_LOGGER_BACKLOG) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0)
      stdin.write(`<${syslogPriority('warning')}>${this.#dropped} lines were dropped: syslog was too slow\n`);
    this.#dropped = 0;
    stdin.write(`<${syslogPriority(level)}>${text}\n`);
  }

  setNotices(hasNotices: boolean): void {
    this.#hasNotices = hasNotices;
  }

  configure(target: LogTarget): string | null {
    this.#unwatch();
    this.#closeLogger();
    this.#target = target;
    if (!target.syslog) return this.#open();
    this.#useDescriptor(STDERR);
    return this.#openSyslog();
  }

  reopen(): string | null {
    this.#unwatch();
    if (!this.#target.syslog) return this.#open();
    if (this.#logger === null) return this.#openSyslog();
    this.#watch({ logger: this.#logger.spawnfile });
    return null;
  }

  close(): void {
    this.#unwatch();
    this.#useDescriptor(STDERR);
    this.#closeLogger();
  }

  #closeLogger(): void {
    this.#logger?.stdin?.end();
    this.#logger = null;
  }

  /** Writes there from now on; what was opened before is closed. */
  #useDescriptor(fd: number): void {
    if (this.#fd > STDERR) closeSync(this.#fd);
    this.#fd = fd;
  }

  #openSyslog(): string | null {
    const logger = LOGGERS.find((path) => existsSync(path));
    if (logger === undefined) return 'use-syslog: there is no program `logger` (package bsdutils)';
    if (!existsSync(SYSLOG_SOCKET)) return `use-syslog: there is no syslog on this host (${SYSLOG_SOCKET})`;
    this.#startLogger(logger, this.#target.identity);
    this.#watch({ logger });
    return null;
  }

  /** To stderr V8 and the service manager say themselves how it ended. */
  #watch(place: { readonly fd: number } | { readonly logger: string }): void {
    this.#unwatch = watchForEnd(this.#target, place, this.#user());
  }

  #open(): string | null {
    const { file } = this.#target;
    try {
      this.#useDescriptor(file === null ? STDERR : (OWN_DESCRIPTORS[file] ?? openForAppending(file, this.#user())));
      if (this.#fd > STDERR) this.#watch({ fd: this.#fd });
      return null;
    } catch (error) {
      return (error as NodeJS.ErrnoException).message;
    }
  }

  #startLogger(path: string, identity: string): void {
    const logger = childProcesses().spawn(path, ['--tag', identity, '--prio-prefix', '-p', 'daemon.info'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const forget = (): void => {
      if (this.#logger === logger) this.#logger = null;
    };
    logger.on('error', forget);
    logger.on('exit', forget);
    logger.stdin.on('error', forget);
    logger.unref();
    this.#logger = logger;
  }
}

function writeWhole(fd: number, text: string): boolean {
  try {
    writeSync(fd, text);
    return true;
  } catch {
    // Nowhere to say it: the pipe's reader is gone or the disk is full. Serving goes on.
    return false;
  }
}

/** Facility daemon (3) with the severity of the level (RFC 5424 §6.2.1). */
function syslogPriority(level: LogLevel): number {
  const severities: Record<LogLevel, number> = {
    'fatal error': 2,
    error: 3,
    warning: 4,
    notice: 5,
    info: 6,
    query: 6,
    reply: 6,
    debug: 7,
  };
  return 3 * 8 + severities[level];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function timeText(form: LogTime): string {
  const now = new Date();
  switch (form) {
    case 'epoch':
      return `[${Math.floor(now.getTime() / 1000)}]`;
    case 'iso':
      return isoText(now);
    case 'ascii':
      return `${MONTHS[now.getMonth()]} ${two(now.getDate())} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  }
}

/** Local time with milliseconds and the offset from UTC, as Unbound writes it. */
function isoText(now: Date): string {
  const offset = -now.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const milliseconds = String(now.getMilliseconds()).padStart(3, '0');
  return `${date}T${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${milliseconds}${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
