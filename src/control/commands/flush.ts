/**
 * Commands that forget cached data, finished replies made of it included, a piece in each turn of the event loop.
 *
 * `+c` asks Unbound to forget the second-level cache as well; it is taken and changes nothing, since there is none.
 */

import {
  type CacheSet,
  forgetBogus,
  forgetNegative,
  forgetServers,
  forgetTypes,
  forgetZone,
  type Removed,
  type Sweep,
} from '../../cache/forget.ts';
import { ipText, parseIp } from '../../wire/ip.ts';
import { TYPE, typeFromText } from '../../wire/rr-type.ts';
import { OK, type OwnCommand, plain, plusOptions, twoParts, worded } from '../command.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

/** What `flush` forgets of a name: Unbound's types. TLSA is not among them: `flush_type NAME TLSA` does that. */
const FLUSHED_TYPES: ReadonlySet<number> = new Set([
  TYPE.A,
  TYPE.AAAA,
  TYPE.NS,
  TYPE.SOA,
  TYPE.CNAME,
  TYPE.DNAME,
  TYPE.MX,
  TYPE.PTR,
  TYPE.SRV,
  TYPE.NAPTR,
  TYPE.SVCB,
  TYPE.HTTPS,
]);

export function flushCommands({ instance, clock }: ControlParts): OwnCommand[] {
  const { caches, resolver } = instance;
  const sweep = (): Sweep => ({ caches, now: clock.unixSeconds(), pause: () => clock.nextTurn() });
  return [
    worded('flush', async (words) => {
      const read = readName(plusOptions(words).rest);
      if (!read.ok) return read.error;
      await forgetTypes(sweep(), read.name, FLUSHED_TYPES);
      return OK;
    }),
    worded('flush_type', (words) => flushType(sweep(), plusOptions(words).rest)),
    worded('flush_zone', async (words) => {
      const read = readName(plusOptions(words).rest);
      return read.ok ? removedText(await forgetZone(sweep(), read.name)) : read.error;
    }),
    worded('flush_bogus', async () => removedText(await forgetBogus(sweep()))),
    worded('flush_negative', async () => removedText(await forgetNegative(sweep()))),
    plain('flush_requestlist', () => {
      resolver.abortAll();
      return OK;
    }),
    worded('flush_infra', (words) => flushInfra(caches, words)),
  ];
}

function removedText({ rrsets, messages, keys }: Removed): string {
  return `ok removed ${rrsets} rrsets, ${messages} messages and ${keys} key entries\n`;
}

async function flushType(sweep: Sweep, words: string): Promise<string> {
  const parts = twoParts(words);
  if ('error' in parts) return parts.error;
  const read = readName(parts.first);
  if (!read.ok) return read.error;
  const type = typeFromText(parts.rest);
  if (type === null) return `error parsing RRset type: '${parts.rest}'\n`;
  await forgetTypes(sweep, read.name, new Set([type]));
  return OK;
}

function flushInfra(caches: CacheSet, words: string): string {
  if (words === 'all') {
    forgetServers(caches);
    return OK;
  }
  const [written = '', port] = words.split('@');
  const address = parseIp(written);
  if (address === null) return `error parsing ip addr: '${words}'\n`;
  const prefix = `${ipText(address)}@`;
  forgetServers(caches, (server) => (port === undefined ? server.startsWith(prefix) : server === `${prefix}${port}`));
  return OK;
}
