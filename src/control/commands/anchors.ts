/** Hawser's own commands list_anchors and doctor: what trust rests on, and what the host does to it. */

import { formatName } from '../../wire/name-text.ts';
import { type OwnCommand, plain, worded } from '../command.ts';
import type { ControlParts, ListedAnchor } from '../parts.ts';

export function anchorCommands({ instance, daemon }: ControlParts): OwnCommand[] {
  return [
    plain('list_anchors', () => instance.listAnchors().map(anchorText)),
    worded('doctor', (words) => {
      if (words !== '' && words !== '+json') return `error unexpected words '${words}'; doctor [+json]\n`;
      return daemon.doctor(words === '+json');
    }),
  ];
}

/** Lines of tab-separated fields: the anchor, its keys, its warnings. */
function anchorText({ zone, path, keys, lastSuccess, lastQueried, nextProbe, warnings }: ListedAnchor): string {
  const name = formatName(zone);
  const times = `last-success ${dateText(lastSuccess)}\tlast-probe ${dateText(lastQueried)}\tnext-probe ${dateText(nextProbe)}`;
  const head = path === null ? `${name}\tfixed\n` : `${name}\t${path}\t${times}\n`;
  const keyLines = keys.map(
    ({ type, keyTag, algorithm, state, since }) =>
      `${name}\t${type} ${keyTag} algorithm ${algorithm}\t${state}\tsince ${dateText(since)}\n`,
  );
  return [head, ...keyLines, ...warnings.map((text) => `${name}\twarning: ${text}\n`)].join('');
}

function dateText(unixSeconds: number): string {
  return unixSeconds === 0 ? '-' : `${new Date(unixSeconds * 1000).toISOString().slice(0, 19)}Z`;
}
