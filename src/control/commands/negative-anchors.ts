/** Hawser's own commands about negative trust anchors: nta_add, nta_remove, list_nta. */

import { formatName } from '../../wire/name-text.ts';
import { parseTtl } from '../../wire/ttl-text.ts';
import { OK, type OwnCommand, plain, worded } from '../command.ts';
import { compareForList, readName } from '../names.ts';
import { DEFAULT_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS } from '../negative-anchors.ts';
import type { ControlParts, TimedAnchors } from '../parts.ts';

export function negativeAnchorCommands({ clock, negativeAnchors }: ControlParts): OwnCommand[] {
  return [
    worded('nta_add', (words) => add(words, negativeAnchors)),
    worded('nta_remove', async (words) => {
      const read = readName(words);
      if (!read.ok) return read.error;
      return (await negativeAnchors.remove(read.name)) ? OK : `error no negative trust anchor for ${words}\n`;
    }),
    plain('list_nta', () => {
      const now = clock.unixSeconds();
      const entries = [...negativeAnchors.list()].sort((a, b) => compareForList(a.zone, b.zone));
      return entries.map(({ zone, expiresAt, reason }) => `${formatName(zone)}\t${expiresAt - now}\t${reason}\n`);
    }),
  ];
}

/** `ZONE [LIFETIME [REASON]]`; the lifetime in seconds or as `2h`. */
async function add(words: string, negativeAnchors: TimedAnchors): Promise<string> {
  const [zoneText = '', lifetimeText, ...reason] = words.split(/\s+/);
  const read = readName(zoneText);
  if (!read.ok) return read.error;
  const seconds = lifetimeText === undefined ? DEFAULT_LIFETIME_SECONDS : parseTtl(lifetimeText);
  if (seconds === null || seconds < 1 || seconds > MAX_LIFETIME_SECONDS) {
    return `error lifetime of 1 to ${MAX_LIFETIME_SECONDS} seconds expected: ${lifetimeText}\n`;
  }
  await negativeAnchors.add(read.name, seconds, reason.join(' '));
  return OK;
}
