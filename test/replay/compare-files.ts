/** Compares a written file with the one a scenario expects: line by line, time stamps may differ a little. */

/** What counts. */
export interface FileRules {
  /** Seconds by which a time stamp may differ. */
  readonly timeSlackSeconds: number;
}

const DATE = /(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ [\d:]{8} \d{4}/g;
/** Fewer digits are no time stamp. */
const MIN_TIME_DIGITS = 8;

/** The first difference in words; null when there is none. */
export function fileDifference(expected: readonly string[], got: readonly string[], rules: FileRules): string | null {
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    const [gotLine, expectedLine] = [got[i] ?? '<no line>', expected[i] ?? '<no line>'];
    if (sameLine(gotLine.trimEnd(), expectedLine, rules)) continue;
    return `file line ${i + 1} is "${gotLine.slice(0, 90)}", expected "${expectedLine.slice(0, 90)}"`;
  }
  return null;
}

function sameLine(got: string, expected: string, { timeSlackSeconds }: FileRules): boolean {
  const [a, b] = [got, expected].map((line) => line.replace(/\s+/g, ' '));
  if (a === undefined || b === undefined || a === b) return a === b;
  const [plainA, plainB] = [a, b].map((line) => line.replace(DATE, '@'));
  if (plainA?.replace(/\d+/g, '#') !== plainB?.replace(/\d+/g, '#')) return false;
  const numbersA = plainA?.match(/\d+/g) ?? [];
  const numbersB = plainB?.match(/\d+/g) ?? [];
  return numbersA.every((number, i) => {
    const other = numbersB[i] ?? '';
    if (number === other) return true;
    return number.length >= MIN_TIME_DIGITS && Math.abs(Number(number) - Number(other)) <= timeSlackSeconds;
  });
}
