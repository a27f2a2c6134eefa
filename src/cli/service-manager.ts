/**
 * Tells the service manager (systemd, units of Type=notify) how the daemon is: itself, where the system's calls can be made or else
 * by systemd's own tool, since Node has no unix datagram socket.
 *
 * Duties: one message after the other, so that a reload's end is not told before its beginning; nothing waits for it. The
 * tool stays until the manager has taken the message, so that the manager can tell whose it is.
 */

import { childProcesses } from '../adapters/child-processes.ts';
import { datagramSender } from '../adapters/notify-socket.ts';
import type { Clock } from '../ports/clock.ts';

/** Milliseconds until a tool that the manager lets wait is ended: a message more or less is no reason to keep processes. */
const PATIENCE_MS = 10_000;
/** Messages that wait for those before them; what comes on top replaces the last one. Reloads may come fast. */
export const MAX_WAITING_MESSAGES = 8;

/** Least milliseconds between two signs of life: each may cost a process. A unit that wants them more often is refused nothing, only slower. */
const MIN_SIGN_MS = 1_000;

/** Sends one message; calls `done` when that has ended, however it has. */
type SendState = (state: string, done: () => void) => void;

/** The service manager, as the daemon sees it. */
export class ServiceManager {
  readonly #send: SendState;
  readonly #waiting: string[] = [];
  #isSending = false;
  /** Messages that were replaced before they were sent. */
  replaced = 0;

  constructor(send: SendState) {
    this.#send = send;
  }

  /** Tells a state, such as `READY=1`, after those that were told before. Returns at once. */
  tell(state: string): void {
    if (this.#isSending && this.#waiting.length >= MAX_WAITING_MESSAGES) {
      this.#waiting.pop();
      this.replaced++;
    }
    this.#waiting.push(state);
    this.#next();
  }

  /** Tells the last state there is: what waits is dropped, since this process ends before it could be sent. */
  tellLast(state: string): void {
    this.#waiting.length = 0;
    this.#send(state, () => {});
  }

  #next(): void {
    if (this.#isSending) return;
    const state = this.#waiting.shift();
    if (state === undefined) return;
    this.#isSending = true;
    this.#send(state, () => {
      this.#isSending = false;
      this.#next();
    });
  }
}

/**
 * Gives the manager a sign of life at half of the time that it allows (sd_watchdog_enabled(3)), for as long as the event loop
 * turns: a daemon that answers nobody any more is started anew. Returns the milliseconds between two signs; null: none are wanted.
 */
export function keepWatchdogCalm(
  manager: ServiceManager,
  clock: Clock,
  environment: NodeJS.ProcessEnv = process.env,
  pid = process.pid,
): number | null {
  const micros = Number(environment.WATCHDOG_USEC ?? 0);
  const isOurs = environment.WATCHDOG_PID === undefined || environment.WATCHDOG_PID === String(pid);
  if (!isOurs || !Number.isSafeInteger(micros) || micros <= 0) return null;
  const everyMs = Math.max(MIN_SIGN_MS, Math.floor(micros / 2_000));
  const sign = (): void => {
    manager.tell('WATCHDOG=1');
    clock.after(everyMs, sign);
  };
  clock.after(everyMs, sign);
  return everyMs;
}

/** Sends to the manager's socket, or by its tool where that cannot be; does nothing where no manager listens. */
export function sendToManager(send = datagramSender()): SendState {
  return (state, done) => {
    const path = process.env.NOTIFY_SOCKET;
    // What the tool says, too, which speaks for another process.
    if (path !== undefined && send(path, `MAINPID=${process.pid}\n${state}`)) done();
    else sendBySystemdNotify(state, done);
  };
}

/** Sends by `systemd-notify`; does nothing where no manager listens. */
export function sendBySystemdNotify(state: string, done: () => void): void {
  if (process.env.NOTIFY_SOCKET === undefined) {
    done();
    return;
  }
  let isDone = false;
  const end = (): void => {
    if (!isDone) done();
    isDone = true;
  };
  const words = [`--pid=${process.pid}`, state];
  const tool = childProcesses().spawn('systemd-notify', words, { stdio: 'ignore', timeout: PATIENCE_MS });
  // The daemon may end without it.
  tool.unref();
  tool.on('exit', end);
  tool.on('error', end);
}
