/** Commands about statistics: stats, stats_noreset, flush_stats. */

import { type Command, OK, plain } from '../command.ts';
import type { ControlParts } from '../parts.ts';

export function statisticsCommands({ instance: { statistics } }: ControlParts): Command[] {
  return [
    plain('stats', () => statistics.textOnce()),
    plain('stats_noreset', () => statistics.text()),
    plain('flush_stats', () => {
      statistics.reset();
      return OK;
    }),
  ];
}
