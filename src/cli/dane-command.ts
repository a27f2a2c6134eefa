/** `hawser dane`: checks domains by DANE, and leads through a roll-over. */

import { DANE_CHECK_USAGE, runDaneCheck } from './dane-check.ts';
import { DANE_ROLLOVER_USAGE, runDaneRollover } from './dane-rollover.ts';
import { refuseWords, type Subcommand } from './subcommand.ts';

export const daneCommand: Subcommand = {
  name: 'dane',
  summary: 'checks domains by DANE (dane check), leads through a roll-over (dane rollover)',
  usage: `${DANE_CHECK_USAGE}\n${DANE_ROLLOVER_USAGE}`,
  run: (words) => {
    const [name, ...rest] = words;
    if (name === 'check') return runDaneCheck(rest);
    if (name === 'rollover') return runDaneRollover(rest);
    return Promise.resolve(refuseWords('dane', 'check or rollover is needed'));
  },
};
