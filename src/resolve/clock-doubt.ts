/**
 * Tells a wrong clock from broken zones: when the root's own signatures are out of time, or those of many zones in the same
 * direction within a short while, it is the clock of this host and not the zones.
 *
 * It changes no verdict: whoever can make zones look expired could else choose what is believed.
 */

import type { Clock } from '../ports/clock.ts';
import type { LogSink } from '../ports/log-sink.ts';
import type { BogusReason, Verdict } from '../terms/verdict.ts';
import type { Counters } from '../trace/counters.ts';

/** Zones out of time in one direction that make the clock the likelier cause; single zones expire every day. */
const ZONES = 8;
/** Milliseconds within which they count together, and for which a doubt lasts when nothing renews it. */
const WINDOW_MS = 600_000;

type Direction = 'fast' | 'slow';

interface ClockDoubtParts {
  readonly clock: Clock;
  readonly log: LogSink;
  readonly counters: Counters;
}

export class ClockDoubt {
  readonly #parts: ClockDoubtParts;
  /** Zones with the time at which they were last found out of time, oldest first; at most `ZONES`. */
  readonly #seen: Readonly<Record<Direction, Map<string, number>>> = { fast: new Map(), slow: new Map() };
  #doubt: { readonly direction: Direction; readonly untilMs: number } | null = null;

  constructor(parts: ClockDoubtParts) {
    this.#parts = parts;
  }

  /** Takes the verdict of a resolution. */
  note(verdict: Verdict): void {
    if (verdict.status !== 'bogus') return;
    const cause = causeOf(verdict.why);
    if (cause === null) return;
    const { zone, direction } = cause;
    const nowMs = this.#parts.clock.monotonicMs();
    const zones = this.#seen[direction];
    zones.delete(zone);
    zones.set(zone, nowMs);
    for (const [old, atMs] of zones) if (zones.size > ZONES || nowMs - atMs > WINDOW_MS) zones.delete(old);
    if (zone === '.' || zones.size >= ZONES) this.#begin(direction, zone, nowMs);
  }

  #begin(direction: Direction, zone: string, nowMs: number): void {
    const isNew = this.#doubt === null || this.#doubt.direction !== direction || this.#doubt.untilMs < nowMs;
    this.#doubt = { direction, untilMs: nowMs + WINDOW_MS };
    if (!isNew) return;
    const whose = zone === '.' ? "the root's signatures" : `the signatures of ${ZONES} zones and more`;
    const how = direction === 'fast' ? 'have expired' : 'are not yet valid';
    this.#parts.counters.add('clock.doubts');
    this.#parts.log.write(
      'error',
      `the clock of this host seems to be ${direction}: ${whose} ${how} by it. Set the clock; until then nothing signed is answered`,
    );
  }

  /** Whether it is in doubt now. */
  get isDoubtful(): boolean {
    return this.hint() !== null;
  }

  /** What clients are told beside the reason, while the clock is in doubt; null else. */
  hint(): string | null {
    if (this.#doubt === null || this.#doubt.untilMs < this.#parts.clock.monotonicMs()) return null;
    return `the clock of this resolver seems to be ${this.#doubt.direction}`;
  }

  /** The clock was set: what was seen before says nothing. */
  clear(): void {
    this.#doubt = null;
    for (const zones of Object.values(this.#seen)) zones.clear();
  }
}

/** The zone whose signature is out of time, under all that hangs from it. */
function causeOf(why: BogusReason): { readonly zone: string; readonly direction: Direction } | null {
  if (why.kind === 'chain-broken-above') return causeOf(why.of);
  if (why.kind === 'signature-expired') return { zone: why.zone, direction: 'fast' };
  return why.kind === 'signature-not-yet-valid' ? { zone: why.zone, direction: 'slow' } : null;
}
