/** Commands that show and load the cache: dump_cache, cache_lookup, load_cache. */

import { isRoot, type Name } from '../../wire/name.ts';
import { type OwnCommand, plain, plusOptions, type Reply, withLines, worded } from '../command.ts';
import { dumpCache } from '../dump-cache.ts';
import { CacheLoader } from '../load-cache.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

export function cacheCommands({ clock, instance }: ControlParts): OwnCommand[] {
  const { caches, config } = instance;
  const now = (): number => clock.unixSeconds();
  return [
    plain('dump_cache', () => dumpCache(caches, now())),
    worded('cache_lookup', (words) => lookUp(words, { clock, instance })),
    withLines('load_cache', () => new CacheLoader({ caches, now: now(), maxTtl: config.server.cacheMaxTtl })),
  ];
}

/** `+t` allows names of one label or none, under which nearly everything lies. */
function lookUp(words: string, { clock, instance }: Pick<ControlParts, 'clock' | 'instance'>): Reply {
  const { options, rest } = plusOptions(words);
  if (/[^t]/.test(options)) return `error: unknown option '+${options}'\n`;
  const names: Name[] = [];
  for (const word of rest === '' ? [''] : rest.split(/\s+/)) {
    const read = readName(word);
    if (!read.ok) return read.error;
    const isWide = isRoot(read.name) || read.name.length === (read.name[0] ?? 0) + 2;
    if (isWide && !options.includes('t')) return `error top-level name needs +t: ${word}\n`;
    names.push(read.name);
  }
  return dumpCache(instance.caches, clock.unixSeconds(), names);
}
