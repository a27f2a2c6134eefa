/**
 * The forms that the arguments of a directive take: plain ones (yes or no, numbers, sizes, words, text).
 *
 * Duties: read arguments as typed values with a reason when they are none, write values as `get_option` shows them, say
 * the form in one phrase for the reference page.
 * Leaves to others: addresses, netblocks and names (form-network.ts), checks across directives (check.ts).
 */

import { BY_THE_CLOCK, type SignatureTime } from '../dnssec/signature-time.ts';

/** The reason why arguments are not of a form: the text of the finding. */
export class FormError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Unit = 'seconds' | 'milliseconds' | 'octets' | 'none';

/** How the arguments of a directive are read and written. */
export interface Form<V> {
  /** The form in a phrase, such as `<netblock> <action>`. */
  readonly phrase: string;
  readonly unit: Unit;
  /** How many arguments the lexer takes for it. */
  readonly argumentCount: 1 | 2 | 3;
  /** The value is text or a list in the operator's words, which `get_option` repeats as they were. */
  readonly isWordy: boolean;
  /** Reads the arguments, as many as `argumentCount`. */
  read(...texts: readonly string[]): V | FormError;
  /** Writes a value as `get_option` shows it. */
  write(value: V): string;
  /** What to tell the operator of arguments that are read as something else than they say; null: nothing. */
  remark?(...texts: readonly string[]): string | null;
}

export function plainForm<V>(
  phrase: string,
  read: (text: string) => V | FormError,
  write: (value: V) => string,
): Form<V> {
  return { phrase, unit: 'none', argumentCount: 1, isWordy: true, read: (text = '') => read(text), write };
}

/** `yes` or `no`. */
export const yesNo: Form<boolean> = {
  ...plainForm(
    'yes or no',
    (given) => (given === 'yes' || given === 'no' ? given === 'yes' : new FormError('expected yes or no.')),
    (value: boolean) => (value ? 'yes' : 'no'),
  ),
  isWordy: false,
};

export const text: Form<string> = plainForm(
  'text',
  (given) => given,
  (value) => value,
);

/** The path of a file or folder; relative ones are seen from `directory`. */
export const path: Form<string> = { ...text, phrase: 'path' };

/** A resource record in presentation form. Its syntax is the zone reader's business. */
export const record: Form<string> = { ...text, phrase: 'resource record' };

/** Bounds that no number of the configuration exceeds: what fits in 32 bits without sign. */
export const MAX_NUMBER = 0xffff_ffff;

/** A whole number between bounds; more than `max` is taken as `max`, as Unbound does with its own bounds, and said. */
export function count(min = 0, max = MAX_NUMBER, unit: Unit = 'none'): Form<number> {
  const strict = strictCount(min, max, unit);
  const isMore = (given: string): boolean => /^[0-9]{1,20}$/.test(given) && Number(given) > max;
  return {
    ...strict,
    read: (given = '') => (isMore(given) ? max : strict.read(given)),
    remark: (given = '') => (isMore(given) ? `${given} is taken as ${max}, which is the most` : null),
  };
}

/** A whole number between bounds. */
export function strictCount(min = 0, max = MAX_NUMBER, unit: Unit = 'none'): Form<number> {
  const read = (given: string): number | FormError => {
    if (!/^-?[0-9]{1,12}$/.test(given)) return new FormError('number expected');
    const value = Number(given);
    if (value < min || value > max) return new FormError(`number between ${min} and ${max} expected`);
    return value;
  };
  return { ...plainForm('number', read, String), unit, isWordy: false };
}

/** Parts of a cache: a whole number that is a power of two, without meaning in one process. */
export const powerOfTwo: Form<number> = {
  ...strictCount(1, 65536),
  phrase: 'power of two',
  read: (given = '') => {
    const value = strictCount(1, 65536).read(given);
    return value instanceof FormError || Number.isInteger(Math.log2(value))
      ? value
      : new FormError('must be a power of 2');
  },
};

export const seconds: Form<number> = count(0, 0x7fff_ffff, 'seconds');
/** The same, where nothing stands for 0. */
export const secondsOrNothing: Form<number> = {
  ...seconds,
  read: (given = '') => seconds.read(given === '' ? '0' : given),
};
export const milliseconds: Form<number> = count(0, 0x7fff_ffff, 'milliseconds');
/** A UDP or TCP port. */
export const port: Form<number> = { ...strictCount(1, 65535), phrase: 'port number' };
/** The same, where 0 stands for none. */
export const portOrNone: Form<number> = { ...strictCount(0, 65535), phrase: 'port number, or 0' };

const SIZE_FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
/** Largest size in octets: the sum of a few of them stays an exact number. */
const MAX_SIZE_OCTETS = 2 ** 46;

/** A size in octets: `4m`, `512k`, `1g`, also `10 MB`. */
export const size: Form<number> = {
  ...plainForm(
    'size in octets, with k, m or g',
    (given) => {
      const parts = /^([0-9]{1,15}) *([kmg]?)b? *$/i.exec(given);
      if (parts === null) return new FormError('memory size expected');
      const octets = Number(parts[1]) * (SIZE_FACTORS[(parts[2] ?? '').toLowerCase()] ?? 1);
      return octets <= MAX_SIZE_OCTETS ? octets : new FormError('memory size expected, this one is too large');
    },
    String,
  ),
  unit: 'octets',
  isWordy: false,
};

/** One word of a closed list. */
export function word<const W extends string>(words: readonly W[], wrong: string): Form<W> {
  return plainForm(
    words.join(', '),
    (given) => words.find((candidate) => candidate === given) ?? new FormError(wrong),
    (value) => value,
  );
}

/** Most words of one list (tags, modules, protocols). */
export const MAX_WORDS = 256;

/** Words with blanks between them. */
export const words: Form<readonly string[]> = plainForm(
  'words',
  (given) => {
    const list = given.split(/[ \t]+/).filter((item) => item !== '');
    return list.length <= MAX_WORDS ? list : new FormError(`at most ${MAX_WORDS} words expected`);
  },
  (value) => value.join(' '),
);

/** Whole numbers with blanks between them. */
export function counts(min: number, max: number): Form<readonly number[]> {
  const each = strictCount(min, max);
  const read = (given: string): readonly number[] | FormError => {
    const values: number[] = [];
    for (const item of given.split(/[ \t]+/).filter((part) => part !== '')) {
      const value = each.read(item);
      if (value instanceof FormError) return value;
      values.push(value);
    }
    if (values.length === 0) return new FormError('list of numbers expected');
    return values.length <= MAX_WORDS ? values : new FormError(`at most ${MAX_WORDS} numbers expected`);
  };
  return plainForm('list of numbers', read, (value) => value.join(' '));
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `1024-2048` or `53`. */
export const portRange: Form<PortRange> = plainForm(
  'port or low-high',
  (given) => {
    const parts = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(given);
    const first = Number(parts?.[1] ?? Number.NaN);
    const last = Number(parts?.[2] ?? first);
    if (!(first <= last && last <= 65535)) return new FormError('port number or range ("low-high") expected');
    return { first, last };
  },
  (value) => (value.first === value.last ? `${value.first}` : `${value.first}-${value.last}`),
);

/** `0`, `-1`, Unix seconds, or `YYYYMMDDhhmmss` as in an RRSIG record. */
export const validationTime: Form<SignatureTime> = {
  ...plainForm<SignatureTime>('YYYYMMDDhhmmss, Unix seconds, 0 or -1', readValidationTime, (value) =>
    value.kind === 'clock' ? '0' : value.kind === 'ignored' ? '-1' : String(value.unixSeconds),
  ),
  isWordy: false,
};

function readValidationTime(given: string): SignatureTime | FormError {
  if (given === '') return BY_THE_CLOCK;
  if (given === '-1') return { kind: 'ignored' };
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(given)?.slice(1).map(Number);
  const plain = /^[0-9]{1,10}$/.test(given) ? Number(given) : new FormError('date/time expected, as YYYYMMDDhhmmss');
  const unixSeconds = parts === undefined ? plain : unixSecondsOf(parts);
  if (unixSeconds instanceof FormError) return unixSeconds;
  // However it is written, second 0 is no date but the clock.
  return unixSeconds === 0 ? BY_THE_CLOCK : { kind: 'fixed', unixSeconds };
}

function unixSecondsOf([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: readonly number[]):
  | number
  | FormError {
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const read = new Date(time);
  const isReal = read.getUTCMonth() === month - 1 && read.getUTCDate() === day && hour < 24 && minute < 60;
  return isReal && year >= 1970 ? time / 1000 : new FormError('date/time expected, as YYYYMMDDhhmmss');
}

/** One bound of `val-nsec3-keysize-iterations`: with keys up to so many bits, so many iterations are accepted. */
export interface IterationBound {
  readonly keySizeBits: number;
  readonly iterations: number;
}

const evenCounts = counts(0, 0xffff);

/** Pairs of key size and iterations, both ascending. */
export const iterationBounds: Form<readonly IterationBound[]> = plainForm(
  'pairs of key size and iterations',
  (given) => {
    const values = evenCounts.read(given);
    if (values instanceof FormError) return values;
    if (values.length === 0 || values.length % 2 !== 0) return new FormError('pairs of numbers expected');
    const bounds = Array.from({ length: values.length / 2 }, (_, i) => ({
      keySizeBits: values[2 * i] ?? 0,
      iterations: values[2 * i + 1] ?? 0,
    }));
    const isAscending = bounds.every((bound, i) => i === 0 || bound.keySizeBits > (bounds[i - 1]?.keySizeBits ?? 0));
    return isAscending ? bounds : new FormError('key sizes in ascending order expected');
  },
  (value) => value.map((bound) => `${bound.keySizeBits} ${bound.iterations}`).join(' '),
);

/** Two arguments, each of its own form, as one value. */
export function pair<A, B, V>(
  first: Form<A>,
  second: Form<B>,
  make: (a: A, b: B) => V,
  write: (v: V) => string,
): Form<V> {
  return {
    phrase: `<${first.phrase}> <${second.phrase}>`,
    unit: 'none',
    argumentCount: 2,
    isWordy: true,
    read(a = '', b = '') {
      const left = first.read(a);
      if (left instanceof FormError) return left;
      const right = second.read(b);
      return right instanceof FormError ? right : make(left, right);
    },
    write,
  };
}

/** A key of 128 bits; empty: none. */
export const cookieSecret: Form<string> = plainForm(
  '32 hexadecimal digits',
  (given) =>
    /^(?:[0-9a-f]{32})?$/i.test(given) ? given : new FormError('a cookie-secret is 128 bits as 32 hexadecimal digits'),
  (value) => value,
);

/** What a server calls itself towards clients that ask (RFC 5001): octets in hexadecimal, or `ascii_` and text. */
export const nsid: Form<string> = plainForm(
  'hexadecimal, or ascii_ and text',
  (given) =>
    /^(?:ascii_.*|(?:[0-9a-f]{2})*)$/i.test(given)
      ? given
      : new FormError('the NSID must be either a hex string or an ascii character string prepended with ascii_.'),
  (value) => value,
);
