/** Commands about the configuration in force: get_option and set_option. */

import { optionText } from '../../config/option-text.ts';
import { withOption } from '../../config/with-option.ts';
import { OK, type OwnCommand, twoParts, worded } from '../command.ts';
import type { ControlParts } from '../parts.ts';

export function optionCommands({ instance, daemon }: ControlParts): OwnCommand[] {
  return [
    worded('get_option', (words) => {
      const lines = optionText(instance.config, words);
      return lines === null ? 'error unknown option\n' : lines.map((line) => `${line}\n`).join('');
    }),
    worded('set_option', async (words) => {
      const parts = twoParts(words);
      if ('error' in parts) return parts.error;
      const set = withOption(instance.config, parts.first, parts.rest);
      if (!set.ok) return `error setting option${set.why === '' ? '' : `: ${set.why}`}\n`;
      if (set.directive === 'verbosity') daemon.setVerbosity(set.config.server.verbosity);
      const applied = await daemon.apply(set.config);
      return applied === null ? OK : `error setting option: ${applied.join('; ')}\n`;
    }),
  ];
}
