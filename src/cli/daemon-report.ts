/** What the running daemon explains of a question, over its control socket. */

import type { Config } from '../config/config.ts';
import type { Report } from '../explain/report.ts';
import { formatName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { typeText } from '../wire/rr-type.ts';
import { askDaemon } from './control-connection.ts';

/** A text: why there is none. `flags`: `+cached`, `+expiry=DAYS`. */
export async function daemonReport(
  config: Config,
  { name, type }: Question,
  flags: readonly string[] = [],
): Promise<Report | string> {
  const reply = await askDaemon(config, ['explain', formatName(name), typeText(type), '+json', ...flags]);
  if (!reply.ok) return reply.why.replace(/^error /, '');
  const report = JSON.parse(reply.text) as Report;
  // An older daemon that still runs after an upgrade.
  if (!Array.isArray(report.denials)) return 'the running daemon is of another version: restart it, or use --own';
  return report;
}
