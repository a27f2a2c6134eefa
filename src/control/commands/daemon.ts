/** Commands about the process: status, stop, reload and its kinds, verbosity, the log. */

import { OK, type OwnCommand, plain, plusOptions, type Reply, worded } from '../command.ts';
import type { Applied, ControlParts } from '../parts.ts';

/** Largest value of verbosity that does something. */
const MAX_VERBOSITY = 5;

export function daemonCommands({ clock, instance, daemon }: ControlParts): OwnCommand[] {
  return [
    plain('status', () => statusText(clock.monotonicMs(), { instance, daemon })),
    plain('stop', () => {
      daemon.stop();
      return OK;
    }),
    plain('reload', async () => appliedText(await daemon.reload(false))),
    plain('reload_keep_cache', async () => appliedText(await daemon.reload(true))),
    worded('fast_reload', (words) => fastReload(words, { clock, instance, daemon })),
    worded('verbosity', (words) => setVerbosity(words, daemon)),
    plain('page_address', () => {
      const address = daemon.pageAddress();
      return address === null ? 'error the page is not served: see web-interface\n' : `${address}\n`;
    }),
    plain('log_reopen', () => {
      const error = daemon.reopenLog();
      return error === null ? OK : `error could not reopen the log: ${error}\n`;
    }),
  ];
}

function statusText(nowMs: number, { instance, daemon }: Pick<ControlParts, 'instance' | 'daemon'>): string {
  const modules = instance.config.server.moduleConfig;
  return [
    `version: ${daemon.version}`,
    `verbosity: ${daemon.verbosity}`,
    `threads: ${daemon.threads}`,
    `modules: ${modules.length} [ ${modules.join(' ')} ]`,
    `uptime: ${Math.floor((nowMs - daemon.startedMs) / 1000)} seconds`,
    `options:${daemon.options()}`,
    // The program's name in this line is what monitoring looks for.
    `unbound (pid ${daemon.pid}) is running...`,
    '',
  ].join('\n');
}

function appliedText(applied: Applied): string {
  if (applied === null) return OK;
  return `error ${applied.join('\n')}\nerror the old configuration stays in force\n`;
}

/** Letters: `v` tells what is done, `d` drops the queries being worked on, `p` (pausing threads) has nothing to pause here. */
async function fastReload(
  words: string,
  { clock, instance, daemon }: Omit<ControlParts, 'negativeAnchors'>,
): Promise<Reply> {
  const { options, rest } = plusOptions(words);
  const unknown = /[^vdp]/.exec(options)?.[0];
  if (unknown !== undefined) return `error: unknown option '+${unknown}'\n`;
  if (rest !== '') return `error: unknown argument '${rest}'\n`;
  const startedMs = clock.monotonicMs();
  if (options.includes('d')) instance.resolver.abortAll();
  const applied = await daemon.reload(true);
  if (applied !== null || !options.includes('v')) return appliedText(applied);
  const seconds = ((clock.monotonicMs() - startedMs) / 1000).toFixed(6);
  return `start fast_reload\nok read, checked and joined the configuration in ${seconds} s\n${OK}`;
}

function setVerbosity(words: string, daemon: ControlParts['daemon']): string {
  // As Unbound, which reads a number and leaves what follows it.
  const level = /^[+-]?[0-9]+/.exec(words)?.[0];
  if (level === undefined) return `error in verbosity number syntax: ${words}\n`;
  daemon.setVerbosity(Math.max(0, Math.min(MAX_VERBOSITY, Number(level))));
  return OK;
}
