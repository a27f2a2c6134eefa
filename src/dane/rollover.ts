/**
 * A roll-over of the key behind a TLSA record as a state table (RFC 7671 §8.1, §8.4): publish the next record, wait until no
 * cache can hold the set without it, change the certificate, remove the old record.
 *
 * Pure: what was seen comes in, the next step goes out. It never says that a step is safe on less than all: every server of the
 * zone must answer and show what the step needs, and the validated look-up too.
 */

import type { AuthoritiesSay, ServerSays } from './authorities.ts';

/** What is kept between runs, in a small file. */
export interface RolloverState {
  readonly version: 1;
  readonly host: string;
  readonly port: number;
  /** Records as texts: `3 1 1 hex`. */
  readonly current: string;
  readonly next: string;
  /** The largest TTL that any server has shown for the set or for its denial, seconds. */
  readonly maxTtl: number;
  /** Since when every server was seen with both records at every look, unix seconds; null: not yet, or not any more. */
  readonly bothSince: number | null;
}

/** Which record the certificate of the host matches, over all its addresses. */
export type LiveKey = 'current' | 'next' | 'mixed' | 'other' | 'unknown';

interface Observation {
  readonly said: AuthoritiesSay;
  readonly live: LiveKey;
  /** Unix seconds. */
  readonly now: number;
}

export type RolloverStep =
  /** Some servers lack a record that must be there; `isUrgent`: the certificate in use has no record there, mail waits. */
  | {
      readonly action: 'publish';
      readonly record: string;
      readonly lacking: readonly string[];
      readonly isUrgent: boolean;
    }
  /** All is published; caches may still hold the set of before. */
  | { readonly action: 'wait'; readonly until: number }
  /** It is safe to use the next key. */
  | { readonly action: 'switch' }
  /** The next key is in use everywhere: the old record may go from these servers. */
  | { readonly action: 'remove'; readonly record: string; readonly holding: readonly string[] }
  | { readonly action: 'done' }
  /** It cannot be told, so nothing is safe. */
  | { readonly action: 'blocked'; readonly why: string };

/** The next step, and the state to keep. */
interface RolloverTurn {
  readonly state: RolloverState;
  readonly step: RolloverStep;
}

/** RFC 7671 §8.1: caches and lagging servers have twice the TTL. */
const TTLS_TO_WAIT = 2;
/** A TTL of seconds would say that all is safe at once; Postfix alone keeps TLSA answers up to 100 s. */
const LEAST_WAIT_SECONDS = 300;

export function rolloverTurn(state: RolloverState, { said, live, now }: Observation): RolloverTurn {
  const { servers } = said;
  const ttls = (servers ?? []).map(({ ttl }) => ttl ?? 0);
  const seen = { ...state, maxTtl: Math.max(state.maxTtl, ...ttls) };
  const fault = faultOf(said);
  // Not seen is not lost: the time that has passed still counts once all answer again, for the records did not change meanwhile
  // on those that did answer. What was seen without a record starts anew.
  if (fault !== null)
    return {
      state: lacks(servers, state) ? { ...seen, bothSince: null } : seen,
      step: { action: 'blocked', why: fault },
    };
  const all = servers ?? [];
  const lacking = (record: string): string[] =>
    all.filter(({ records }) => records?.includes(record) !== true).map(serverText);
  const withoutNext = lacking(state.next);
  const withoutCurrent = lacking(state.current);
  const hasBoth = withoutNext.length + withoutCurrent.length === 0;
  const kept = { ...seen, bothSince: hasBoth ? (state.bothSince ?? now) : null };
  const turn = (step: RolloverStep): RolloverTurn => ({ state: kept, step });
  if (withoutNext.length > 0)
    return turn({
      action: 'publish',
      record: state.next,
      lacking: withoutNext,
      isUrgent: live === 'next' || live === 'mixed',
    });
  if (live === 'next') return turn(afterSwitch(state, all));
  if (withoutCurrent.length > 0 && live !== 'unknown')
    return turn({ action: 'publish', record: state.current, lacking: withoutCurrent, isUrgent: true });
  if (live === 'other')
    return turn({
      action: 'blocked',
      why: 'the host shows a certificate that is neither the current nor the next one',
    });
  return turn(waitOrSwitch(kept, now));
}

/** Why nothing can be said; null: all is seen. */
function faultOf({ servers, why, validated }: AuthoritiesSay): string | null {
  if (servers === null) return why ?? 'the servers of the zone were not found';
  const silent = servers.filter(({ records }) => records === null);
  if (silent.length > 0)
    return `not all servers answer: ${silent.map((one) => `${serverText(one)}: ${one.why}`).join('; ')}`;
  if (validated.status !== 'secure') return `the set does not validate: ${validated.why ?? validated.status}`;
  return null;
}

/** Some server that answered has not both. */
function lacks(servers: readonly ServerSays[] | null, { current, next }: RolloverState): boolean {
  return (servers ?? []).some(
    ({ records }) => records !== null && !(records.includes(current) && records.includes(next)),
  );
}

function serverText({ server, ip }: ServerSays): string {
  return ip === null ? server : `${server} (${ip})`;
}

/** When the certificate may change, unix seconds; null while not all servers have both records. */
function safeTime({ bothSince, maxTtl }: RolloverState): number | null {
  return bothSince === null ? null : bothSince + Math.max(TTLS_TO_WAIT * maxTtl, LEAST_WAIT_SECONDS);
}

function waitOrSwitch(state: RolloverState, now: number): RolloverStep {
  const safe = safeTime(state);
  if (safe === null) return { action: 'blocked', why: 'not all servers show both records' };
  return now < safe ? { action: 'wait', until: safe } : { action: 'switch' };
}

function afterSwitch({ current }: RolloverState, servers: readonly ServerSays[]): RolloverStep {
  const holding = servers.filter(({ records }) => records?.includes(current) === true).map(serverText);
  return holding.length > 0 ? { action: 'remove', record: current, holding } : { action: 'done' };
}

/** Exit status for hooks: 0 the next key may be used (or is), 1 not yet, 3 it cannot be told. */
export function rolloverStatus({ action }: RolloverStep): number {
  switch (action) {
    case 'switch':
    case 'remove':
    case 'done':
      return 0;
    case 'publish':
    case 'wait':
      return 1;
    case 'blocked':
      return 3;
  }
}

/** The step in words. `owner`: the name of the records. */
export function stepText(step: RolloverStep, owner: string): string {
  switch (step.action) {
    case 'publish':
      return `${step.isUrgent ? 'NOW, mail is waiting: ' : ''}publish ${owner} TLSA ${step.record}; it is missing at ${step.lacking.join(', ')}`;
    case 'wait':
      return `wait until ${new Date(step.until * 1000).toISOString()}: caches may hold the set without the next record until then`;
    case 'switch':
      return 'use the next key and certificate now, on all addresses of the host';
    case 'remove':
      return `remove ${owner} TLSA ${step.record}; it is still at ${step.holding.join(', ')}`;
    case 'done':
      return 'done: the next key is in use and its record alone is published';
    case 'blocked':
      return `nothing is safe now: ${step.why}`;
  }
}

/** The state in a file; null when it is none. */
export function readRolloverState(text: string): RolloverState | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { version, host, port, current, next, maxTtl, bothSince } = value as Partial<
    Record<keyof RolloverState, unknown>
  >;
  const isTime = (one: unknown): one is number => Number.isInteger(one) && (one as number) >= 0;
  if (version !== 1 || typeof host !== 'string' || !isTime(port) || !isRecord(current) || !isRecord(next)) return null;
  if (current === next || !isTime(maxTtl) || !(bothSince === null || isTime(bothSince))) return null;
  return { version, host, port, current, next, maxTtl, bothSince };
}

function isRecord(value: unknown): value is string {
  return typeof value === 'string' && /^[23] [01] [012] (?:[0-9a-f]{2})+$/.test(value);
}
