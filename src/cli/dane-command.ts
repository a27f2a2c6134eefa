/** `hawser dane`: checks domains by DANE. */

import { DANE_CHECK_USAGE, runDaneCheck } from './dane-check.ts';
import { refuseWords, type Subcommand } from './subcommand.ts';

/** The subcommand. */
export const daneCommand: Subcommand = {
  name: 'dane',
  summary: 'checks domains by DANE (dane check)',
  usage: DANE_CHECK_USAGE,
  run: (words) => {
    const [name, ...rest] = words;
    if (name === 'check') return runDaneCheck(rest);
    return Promise.resolve(refuseWords('dane', 'check is needed'));
  },
};
