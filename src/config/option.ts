/**
 * What one row of the options table says, and what the type system makes of a table.
 *
 * Duties: the row's type, the short constructors that keep a row on one or two lines, the derivation of a clause's value
 * type (camel-case keys, typed values) from its rows.
 * Leaves to others: the rows (table-*.ts), reading arguments (form*.ts).
 */

import type { Form } from './form.ts';

/**
 * How far a directive takes effect: fully; read without effect, which nobody could notice, or which is said; start fails because
 * it protects.
 */
export type SupportLevel = 'done' | 'unnoticed' | 'accepted' | 'refused';

/** Support of one directive whose values are `V`. */
interface Support<V> {
  readonly level: SupportLevel;
  /** For `refused`: what a user would lose if the directive were ignored. For `accepted`: why it may be; empty where plain. */
  readonly why: string;
  /** May be changed while running (`set_option`). */
  readonly isLive: boolean;
  /** For `refused`: true for a value whose neglect lowers protection. Never asked for the default value. */
  protects(value: V): boolean;
}

const never = (): boolean => false;

export const DONE: Support<unknown> = { level: 'done', why: '', isLive: false, protects: never };
/** Takes effect and may be changed while running. */
export const LIVE: Support<unknown> = { level: 'done', why: '', isLive: true, protects: never };
/** Read, kept for `get_option`, without effect: one warning names file and line. */
export const ACCEPTED: Support<unknown> = { level: 'accepted', why: '', isLive: false, protects: never };

/** Read, kept for `get_option`, without effect and without a word: it tunes locks of threads, which are not there. */
export const UNNOTICED: Support<unknown> = { ...ACCEPTED, level: 'unnoticed' };

/** The same as ACCEPTED, with the reason why nothing is lost. */
export function without(why: string): Support<unknown> {
  return { ...ACCEPTED, why };
}

/**
 * Not implemented, and ignoring it would lower protection: starting fails when the directive is set to anything but its
 * default, or, with a test, to a value that the test is true for.
 */
export function refused<V = unknown>(why: string, protects: (value: V) => boolean = () => true): Support<V> {
  return { level: 'refused', why, isLive: false, protects };
}

interface RowBase<V> {
  readonly support: Support<V>;
  /** One line for the reference page. */
  readonly doc: string;
}

/** A directive that is given once; a later line replaces an earlier one. */
export interface OneRow<V> extends RowBase<V> {
  readonly kind: 'one';
  readonly form: Form<V>;
  readonly default: V;
}

/** A directive that adds to a list with each line. */
export interface ManyRow<V> extends RowBase<V> {
  readonly kind: 'many';
  readonly form: Form<V>;
}

/** The directive that names a clause, without which the clause is none. */
export interface RequiredRow<V> extends RowBase<V> {
  readonly kind: 'required';
  readonly form: Form<V>;
}

/** An older spelling of another directive of the same clause. */
export interface AliasRow {
  readonly kind: 'alias';
  readonly of: string;
}

type Row = ValueRow | AliasRow;
/** A row that holds a value. The table mixes value types; a row's own functions only ever meet its own values. */
export type ValueRow = OneRow<unknown> | ManyRow<unknown> | RequiredRow<unknown>;
/** The rows of one clause, or a part of them, by directive. */
export type Rows = Readonly<Record<string, Row>>;

/** A row of a directive that is given once. */
export function one<V>(form: Form<V>, defaultValue: NoInfer<V>, support: Support<NoInfer<V>>, doc: string): OneRow<V> {
  return { kind: 'one', form, default: defaultValue, support, doc };
}

/** A row of a directive that adds to a list. */
export function many<V>(form: Form<V>, support: Support<NoInfer<V>>, doc: string): ManyRow<V> {
  return { kind: 'many', form, support, doc };
}

/** The row of the directive that names a clause; its support is that of the whole clause. */
export function required<V>(form: Form<V>, support: Support<NoInfer<V>>, doc: string): RequiredRow<V> {
  return { kind: 'required', form, support, doc };
}

/** A row of an older spelling. */
export function alias(of: string): AliasRow {
  return { kind: 'alias', of };
}

/** `cache-max-ttl` as `cacheMaxTtl`. */
type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type ValueOf<R> = R extends OneRow<infer V> | RequiredRow<infer V>
  ? V
  : R extends ManyRow<infer V>
    ? readonly V[]
    : never;

/** The typed values of a clause: one camel-case member per directive, older spellings folded into the newer. */
export type ValuesOf<R extends Rows> = {
  readonly [K in keyof R as R[K] extends AliasRow ? never : CamelCase<K & string>]: ValueOf<R[K]>;
};

/** `cache-max-ttl` as `cacheMaxTtl`. */
export function camelCase(directive: string): string {
  return directive.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The values of a clause in which nothing is set. A required directive has none: the caller adds it. */
export function defaultsOf<R extends Rows>(rows: R): ValuesOf<R> {
  const values: Record<string, unknown> = {};
  for (const [directive, row] of Object.entries(rows)) {
    if (row.kind === 'one') values[camelCase(directive)] = row.default;
    if (row.kind === 'many') values[camelCase(directive)] = [];
  }
  // The cast states what the loop does: every row that has a default has set its camel-case member.
  return values as ValuesOf<R>;
}

/** Directives whose value is a secret, or was meant to be one: no message may show it. */
export const SECRET_DIRECTIVES: ReadonlySet<string> = new Set([
  'cookie-secret',
  'secret-seed',
  'redis-server-password',
  'redis-replica-server-password',
  'redis-sentinel-password',
]);
