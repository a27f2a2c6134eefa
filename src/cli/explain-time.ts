/** Reads the time of `explain --at`. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Last second that signatures can tell apart from others, as 32-bit serial numbers half a circle from now (RFC 4034 §3.1.5). */
const MAX_SECONDS = 2 ** 32 - 1;

/**
 * Unix seconds of `2026-12-24`, `2026-12-24T18:00:00Z`, `20261224180000` (as in an RRSIG), unix seconds, `+3d`, `-12h`; null when it
 * is none of them. Times without a zone are UTC.
 */
export function readTime(text: string, now: number): number | null {
  const span = /^([+-])(\d{1,9})([smhdw])$/.exec(text);
  if (span !== null) {
    const seconds = Number(span[2]) * (UNIT_SECONDS[span[3] ?? ''] ?? 0);
    return bounded(now + (span[1] === '-' ? -seconds : seconds));
  }
  if (/^\d{1,10}$/.test(text)) return bounded(Number(text));
  const plain = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  const iso = plain === null ? isoOf(text) : `${plain.slice(1, 4).join('-')}T${plain.slice(4).join(':')}Z`;
  return iso === null ? null : bounded(Date.parse(iso) / 1000);
}

function isoOf(text: string): string | null {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?Z?)?$/.exec(text);
  return parts === null ? null : `${parts[1]}T${parts[2] ?? '00:00'}${parts[3] ?? ':00'}Z`;
}

function bounded(seconds: number): number | null {
  return Number.isInteger(seconds) && seconds > 0 && seconds <= MAX_SECONDS ? seconds : null;
}
