/** Commands about zones that are kept as a local copy, rate limits and cookie secrets. */

import type { Name } from '../../wire/name.ts';
import { formatName } from '../../wire/name-text.ts';
import { OK, type OwnCommand, plain, plusOptions, worded } from '../command.ts';
import { compareForList, readName } from '../names.ts';
import type { AuthZones, ControlParts, CookieSecrets, ListedZone, RateReport } from '../parts.ts';

const NO_COOKIES = 'error cookie-secret-file is not configured\n';
/** Octets of a secret as hex (RFC 9018 §4.1: 16 octets). */
const SECRET_HEX = /^[0-9a-fA-F]{32}$/;

export function authZoneCommands({ instance }: ControlParts): OwnCommand[] {
  const { authZones, rates } = instance;
  return [
    plain('list_auth_zones', () => [...authZones.list()].sort((a, b) => compareForList(a.zone, b.zone)).map(zoneLine)),
    worded('auth_zone_reload', (words) => onZone(words, (zone) => reloadZone(zone, words, authZones))),
    worded('auth_zone_transfer', (words) => onZone(words, (zone) => transferZone(zone, words, authZones))),
    worded('rpz_enable', (words) => onZone(words, (zone) => enablePolicy(zone, words, authZones, true))),
    worded('rpz_disable', (words) => onZone(words, (zone) => enablePolicy(zone, words, authZones, false))),
    worded('ratelimit_list', (words) => rates.zones(wantsAll(words)).map(rateLine)),
    worded('ip_ratelimit_list', (words) => rates.clients(wantsAll(words)).map(rateLine)),
    ...cookieCommands(instance.cookies),
  ];
}

function zoneLine({ zone, serial, isExpired }: ListedZone): string {
  const state = isExpired ? 'expired' : serial === null ? 'no serial' : `serial ${serial}`;
  return `${formatName(zone)}\t${state}\n`;
}

async function onZone(words: string, run: (zone: Name) => string | Promise<string>): Promise<string> {
  const read = readName(words);
  return read.ok ? await run(read.name) : read.error;
}

function okOrError(error: string | null): string {
  return error === null ? OK : `error ${error}\n`;
}

async function reloadZone(zone: Name, words: string, zones: AuthZones): Promise<string> {
  return zones.has(zone) ? okOrError(await zones.reload(zone)) : `error no auth-zone ${words}\n`;
}

function transferZone(zone: Name, words: string, zones: AuthZones): string {
  return zones.transfer(zone) ? OK : `error zone xfr task not found ${words}\n`;
}

function enablePolicy(zone: Name, words: string, zones: AuthZones, isEnabled: boolean): string {
  if (!zones.has(zone)) return `error no auth-zone ${words}\n`;
  if (!zones.isRpz(zone)) return `error auth-zone ${words} not RPZ\n`;
  if (zones.setRpzEnabled === undefined) return 'error a policy zone is switched in the configuration file\n';
  zones.setRpzEnabled(zone, isEnabled);
  return OK;
}

/** `+a`: also those that are within their limit. */
function wantsAll(words: string): boolean {
  return plusOptions(words).options.includes('a');
}

function rateLine({ who, perSecond, limit }: RateReport): string {
  return `${who} ${perSecond} limit ${limit}\n`;
}

function cookieCommands(cookies: CookieSecrets | null): OwnCommand[] {
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
      return okOrError(cookies.add(words.toLowerCase()));
    }),
    plain('activate_cookie_secret', () => (cookies === null ? NO_COOKIES : okOrError(cookies.activate()))),
    plain('drop_cookie_secret', () => (cookies === null ? NO_COOKIES : okOrError(cookies.drop()))),
  ];
}
