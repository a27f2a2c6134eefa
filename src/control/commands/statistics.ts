/** Commands about statistics: stats, stats_noreset, flush_stats; and stats_shm, which says what to use in its place. */

import { OK, type OwnCommand, plain } from '../command.ts';
import type { ControlParts } from '../parts.ts';

export function statisticsCommands({ instance: { statistics } }: ControlParts): OwnCommand[] {
  return [
    plain('stats', () => statistics.textOnce()),
    plain('stats_noreset', () => statistics.text()),
    plain('stats_shm', () => 'error statistics are not in shared memory here; stats_noreset shows them\n'),
    plain('flush_stats', () => {
      statistics.reset();
      return OK;
    }),
  ];
}
