/** What the page's server and its browser side say to each other, as JSON; a reply that is made step by step has a line for each. */

import type { Report } from '../explain/report.ts';

/** Bogus names that are listed: one name and type with why. */
export interface BogusLine {
  readonly name: string;
  readonly type: string;
  /** The sentence of the verdict. */
  readonly reason: string;
  /** Resolutions that ended so within the hour. */
  readonly count: number;
  /** Unix seconds. */
  readonly last: number;
}

/** The statistics at one moment: `name` to value. */
export interface Sample {
  /** Unix seconds. */
  readonly at: number;
  /** Since the sample before, which a restart or `stats` between them does not spoil: they are never below 0. */
  readonly queries: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly bogus: number;
  /** Mean seconds of the resolutions since then; 0 without any. */
  readonly recursionSeconds: number;
}

export interface Health {
  /** Unix seconds. */
  readonly at: number;
  /** Null: no daemon answers; in words why. */
  readonly daemon: { readonly version: string; readonly upSeconds: number } | null;
  readonly why: string | null;
  /** Totals since the statistics were set back, `name` to value. */
  readonly statistics: Readonly<Record<string, number>>;
  /** Oldest first. */
  readonly samples: readonly Sample[];
  /** Newest first. */
  readonly bogus: readonly BogusLine[];
}

export interface DoctorLine {
  readonly id: string;
  readonly title: string;
  readonly level: 'ok' | 'warning' | 'failure';
  readonly cause: string;
  readonly remedy: string | null;
}

/** Lines of a reply that comes step by step; the last one is `result`, or `error`. */
export type StepMessage<T> =
  | { readonly kind: 'step'; readonly text: string; readonly isDone: boolean; readonly id: number }
  | { readonly kind: 'part'; readonly part: T }
  | { readonly kind: 'result'; readonly result: T | null }
  | { readonly kind: 'error'; readonly text: string };

export interface Explained {
  readonly report: Report;
  /** The tree in text. */
  readonly text: string;
  /** The picture; null: there is none. */
  readonly svg: string | null;
  /** The same for a phone's screen. */
  readonly narrowSvg: string | null;
}
