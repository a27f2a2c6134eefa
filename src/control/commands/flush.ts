/**
 * Commands that forget cached data, finished replies made of it included, a piece in each turn of the event loop.
 *
 * `+c`: what the second-level cache holds of it until now is not taken any more either (cachedb).
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
import type { IsForgotten } from '../../resolve/shared-cache.ts';
import { ipText, parseIp } from '../../wire/ip.ts';
import { isAtOrBelow, type Name, namesEqual } from '../../wire/name.ts';
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

export function flushCommands({ instance, clock }: Pick<ControlParts, 'instance' | 'clock'>): OwnCommand[] {
  const { caches, resolver } = instance;
  const sweep = (): Sweep => ({ caches, now: clock.unixSeconds(), pause: () => clock.nextTurn() });
  const forgetToo = (words: string, test: IsForgotten): void => {
    if (plusOptions(words).options.includes('c')) instance.forgetShared(test);
  };
  const flushTypes = async (words: string, name: Name, types: ReadonlySet<number>): Promise<string> => {
    forgetToo(words, (question) => types.has(question.type) && namesEqual(question.name, name));
    await forgetTypes(sweep(), name, types);
    return OK;
  };
  return [
    worded('flush', async (words) => {
      const read = readName(plusOptions(words).rest);
      return read.ok ? await flushTypes(words, read.name, FLUSHED_TYPES) : read.error;
    }),
    worded('flush_type', async (words) => {
      const read = readNameAndType(plusOptions(words).rest);
      return 'error' in read ? read.error : await flushTypes(words, read.name, new Set([read.type]));
    }),
    worded('flush_zone', async (words) => {
      const read = readName(plusOptions(words).rest);
      if (!read.ok) return read.error;
      forgetToo(words, (question) => isAtOrBelow(question.name, read.name));
      return removedText(await forgetZone(sweep(), read.name));
    }),
    // What is bogus is not written there.
    worded('flush_bogus', async () => removedText(await forgetBogus(sweep()))),
    worded('flush_negative', async (words) => {
      forgetToo(words, (_, found) => found.end.kind !== 'answer');
      return removedText(await forgetNegative(sweep()));
    }),
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

function readNameAndType(words: string): { readonly name: Name; readonly type: number } | { readonly error: string } {
  const parts = twoParts(words);
  if ('error' in parts) return { error: parts.error };
  const read = readName(parts.first);
  if (!read.ok) return { error: read.error };
  const type = typeFromText(parts.rest);
  return type === null ? { error: `error parsing RRset type: '${parts.rest}'\n` } : { name: read.name, type };
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
