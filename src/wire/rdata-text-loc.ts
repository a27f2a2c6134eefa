/** Text form of LOC (RFC 1876 §3): latitude, longitude, altitude, size, horizontal and vertical precision. */

import type { TextField } from './rdata-text-fields.ts';
import type { RdataReader, RdataWriter, TokenReader } from './rdata-text-io.ts';

/** Value of the equator and of the prime meridian, in thousandths of a second of arc. */
const MERIDIAN = 0x80000000;
const DEGREE = 3_600_000;
/** Octets of LOC rdata of version 0. */
const LOC_OCTETS = 16;
/** Altitude 0 lies this many centimetres above the field's zero. */
const ALTITUDE_BASE_CM = 10_000_000;
/** Size 1 m, horizontal precision 10 km, vertical precision 10 m (RFC 1876 §3). */
const DEFAULT_SIZES = [0x12, 0x16, 0x13] as const;

export const location: TextField = { format: formatLocation, parse: parseLocation };

function formatLocation(rdata: RdataReader): string {
  // RFC 1876 §2: other versions have another form.
  if (rdata.left !== LOC_OCTETS || rdata.u8() !== 0) return rdata.fail();
  const sizes = [formatSize(rdata.u8()), formatSize(rdata.u8()), formatSize(rdata.u8())];
  const latitude = formatAngle(rdata.u32(), 90, 'NS');
  const longitude = formatAngle(rdata.u32(), 180, 'EW');
  if (latitude === null || longitude === null || sizes.includes(null)) return rdata.fail();
  const altitude = rdata.u32() - ALTITUDE_BASE_CM;
  const metres = `${altitude < 0 ? '-' : ''}${(Math.abs(altitude) / 100).toFixed(2)}m`;
  return [latitude, longitude, metres, ...sizes].join(' ');
}

function formatAngle(value: number, maxDegrees: number, directions: string): string | null {
  const angle = Math.abs(value - MERIDIAN);
  if (angle > maxDegrees * DEGREE) return null;
  const degrees = Math.floor(angle / DEGREE);
  const minutes = Math.floor((angle % DEGREE) / 60_000);
  const seconds = ((angle % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${directions.charAt(value >= MERIDIAN ? 0 : 1)}`;
}

/** Mantissa and exponent of centimetres as metres. */
function formatSize(octet: number): string | null {
  const mantissa = octet >>> 4;
  const exponent = octet & 15;
  if (mantissa > 9 || exponent > 9) return null;
  const centimetres = mantissa * 10 ** exponent;
  return centimetres >= 100 ? `${centimetres / 100}m` : `${(centimetres / 100).toFixed(2)}m`;
}

function parseLocation(tokens: TokenReader, rdata: RdataWriter): void {
  const latitude = parseAngle(tokens, 90, 'NS');
  const longitude = parseAngle(tokens, 180, 'EW');
  const altitude = parseCentimetres(tokens, ALTITUDE_BASE_CM) + ALTITUDE_BASE_CM;
  if (altitude > 0xffffffff) tokens.fail('altitude out of range');
  rdata.u8(0);
  for (const size of DEFAULT_SIZES) rdata.u8(tokens.left > 0 ? sizeOctet(parseCentimetres(tokens, 0)) : size);
  rdata.u32(latitude);
  rdata.u32(longitude);
  rdata.u32(altitude);
}

function parseAngle(tokens: TokenReader, maxDegrees: number, directions: string): number {
  let angle = tokens.number(maxDegrees) * DEGREE;
  const isDirection = (): boolean => /^[A-Za-z]$/.test(tokens.peek()?.text ?? '');
  if (!isDirection()) angle += tokens.number(59) * 60_000;
  if (!isDirection()) {
    const text = tokens.next();
    if (!/^[0-9]{1,2}(?:\.[0-9]{0,3})?$/.test(text) || Number(text) >= 60) tokens.fail(`not seconds of arc: ${text}`);
    else angle += Math.round(Number(text) * 1000);
  }
  const direction = tokens.next().toUpperCase();
  if (direction === '' || !directions.includes(direction)) tokens.fail(`not a direction: ${direction}`);
  if (angle > maxDegrees * DEGREE) tokens.fail('angle out of range');
  return MERIDIAN + (direction === directions.charAt(0) ? angle : -angle);
}

/** Metres with or without `m`, as centimetres from `-below` to 2^32 - 1. */
function parseCentimetres(tokens: TokenReader, below: number): number {
  const text = tokens.next();
  const match = /^(-?[0-9]{1,8}(?:\.[0-9]{0,2})?)m?$/i.exec(text);
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * 100);
  if (value >= -below && value <= 0xffffffff) return value;
  tokens.fail(`not metres: ${text}`);
  return 0;
}

/** Centimetres as mantissa and exponent, rounded down. */
function sizeOctet(centimetres: number): number {
  let exponent = 0;
  let mantissa = centimetres;
  while (mantissa > 9 && exponent < 9) {
    mantissa = Math.floor(mantissa / 10);
    exponent++;
  }
  return (Math.min(mantissa, 9) << 4) | exponent;
}
