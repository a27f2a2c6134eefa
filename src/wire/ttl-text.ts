/** TTLs and other spans as text: seconds, or numbers with the units of master files (`1w2d3h4m5s`). */

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Seconds of a span from 0 to 2^32 - 1; null when it is none. */
export function parseSpan(text: string): number | null {
  if (/^[0-9]{1,10}$/.test(text)) return withinU32(Number(text));
  if (text.length > 60 || !/^(?:[0-9]{1,10}[smhdw])+$/i.test(text)) return null;
  let seconds = 0;
  for (const match of text.toLowerCase().matchAll(/([0-9]+)([smhdw])/g)) {
    seconds += Number(match[1]) * UNIT_SECONDS[match[2] as keyof typeof UNIT_SECONDS];
  }
  return withinU32(seconds);
}

/** Seconds of a TTL: a span up to 2^31 - 1 (RFC 2181 §8); null when it is none. */
export function parseTtl(text: string): number | null {
  const seconds = parseSpan(text);
  return seconds !== null && seconds <= 0x7fffffff ? seconds : null;
}

function withinU32(value: number): number | null {
  return value <= 0xffffffff ? value : null;
}
