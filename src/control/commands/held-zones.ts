/** Commands about zones that are held as a whole, rate limits and cookie secrets. */

import type { Name } from '../../wire/name.ts';
import { formatName } from '../../wire/name-text.ts';
import { type Command, OK, plain, plusOptions, worded } from '../command.ts';
import { readName } from '../names.ts';
import type { AuthZones, ControlParts, RateReport } from '../parts.ts';

const NO_COOKIES = 'error cookie-secret-file is not configured\n';
/** Octets of a secret as hex (RFC 9018 §4.1: 16 octets). */
const SECRET_HEX = /^[0-9a-fA-F]{32}$/;

/** The commands. */
export function heldZoneCommands({ house }: ControlParts): Command[] {
  const { authZones, rates } = house;
  return [
    plain('list_auth_zones', () => (authZones === null ? '' : [...authZones.list()].map((zone) => zoneLine(zone)))),
    worded('auth_zone_reload', (words) => onZone(words, (zone) => reloadZone(zone, words, authZones))),
    worded('auth_zone_transfer', (words) => onZone(words, (zone) => transferZone(zone, words, authZones))),
    worded('rpz_enable', (words) => onZone(words, (zone) => enableRpz(zone, words, authZones, true))),
    worded('rpz_disable', (words) => onZone(words, (zone) => enableRpz(zone, words, authZones, false))),
    worded('ratelimit_list', (words) => rateLines(rates?.zones() ?? [], words)),
    worded('ip_ratelimit_list', (words) => rateLines(rates?.clients() ?? [], words)),
    ...cookieCommands({ house }),
  ];
}

type ListedZone = ReturnType<AuthZones['list']> extends Iterable<infer Zone> ? Zone : never;

function zoneLine({ zone, serial, isExpired }: ListedZone): string {
  const state = isExpired ? 'expired' : serial === null ? 'no serial' : `serial ${serial}`;
  return `${formatName(zone)}\t${state}\n`;
}

async function onZone(words: string, run: (zone: Name) => string | Promise<string>): Promise<string> {
  const read = readName(words);
  return read.ok ? await run(read.name) : read.error;
}

async function reloadZone(zone: Name, words: string, zones: AuthZones | null): Promise<string> {
  if (zones?.has(zone) !== true) return `error no auth-zone ${words}\n`;
  const error = await zones.reload(zone);
  return error === null ? OK : `error ${error}\n`;
}

function transferZone(zone: Name, words: string, zones: AuthZones | null): string {
  return zones?.has(zone) === true && zones.transfer(zone) ? OK : `error zone xfr task not found ${words}\n`;
}

function enableRpz(zone: Name, words: string, zones: AuthZones | null, isEnabled: boolean): string {
  if (zones?.has(zone) !== true) return `error no auth-zone ${words}\n`;
  if (!zones.isRpz(zone)) return `error auth-zone ${words} not RPZ\n`;
  zones.setRpzEnabled(zone, isEnabled);
  return OK;
}

/** `+a`: also those that are within their limit. */
function rateLines(reports: Iterable<RateReport>, words: string): string[] {
  const all = plusOptions(words).options.includes('a');
  const shown = [...reports].filter(({ rate, limit }) => all || rate >= limit);
  return shown.map(({ who, rate, limit }) => `${who} ${rate} limit ${limit}\n`);
}

function cookieCommands({ house: { cookies } }: Pick<ControlParts, 'house'>): Command[] {
  const told = (error: string | null): string => (error === null ? OK : `error: ${error}\n`);
  return [
    plain('print_cookie_secrets', () => {
      if (cookies === null) return NO_COOKIES;
      const secrets = cookies.list();
      if (secrets.length === 0) return 'error: there are no cookie secrets\n';
      return secrets.map(({ state, hex }) => `${state.padEnd(7)}: ${hex}\n`).join('');
    }),
    worded('add_cookie_secret', (words) => {
      if (cookies === null) return NO_COOKIES;
      if (!SECRET_HEX.test(words))
        return 'error: invalid cookie secret: 128 bits as 32 hexadecimal digits are needed\n';
      return told(cookies.add(words.toLowerCase()));
    }),
    plain('activate_cookie_secret', () => (cookies === null ? NO_COOKIES : told(cookies.activate()))),
    plain('drop_cookie_secret', () => (cookies === null ? NO_COOKIES : told(cookies.drop()))),
  ];
}
