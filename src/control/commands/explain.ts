/**
 * Hawser's own commands: `explain NAME [TYPE]` shows the chain of trust of an answer and who broke it, `trace NAME [TYPE]` each
 * step of one resolution, `list_bogus` the names that were bogus a short time ago.
 */

import { chainDot } from '../../explain/chain-dot.ts';
import { chainPicture } from '../../explain/chain-picture.ts';
import { explainQuestion } from '../../explain/gather.ts';
import type { Report } from '../../explain/report.ts';
import { reportText } from '../../explain/report-text.ts';
import { unreachable } from '../../terms/unreachable.ts';
import { explainJson, explainText } from '../../trace/explain.ts';
import { type Question, questionOf, questionText } from '../../wire/question.ts';
import { typeFromText } from '../../wire/rr-type.ts';
import { type Command, worded } from '../command.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';

/** Signatures that run out sooner are listed, days; signers renew earlier than that. */
const DEFAULT_EXPIRY_DAYS = 3;
const MAX_EXPIRY_DAYS = 36_500;
const DAY_SECONDS = 86_400;

export function explainCommands(parts: ControlParts): Command[] {
  return [
    worded('explain', (words) => explain(words, parts)),
    worded('trace', (words) => trace(words, parts)),
    worded('list_bogus', (words) => listBogus(words, parts)),
  ];
}

/** What both commands take. */
interface Asked {
  readonly question: Question;
  readonly form: 'text' | 'json' | 'svg' | 'dot';
  readonly isCached: boolean;
  readonly expiryDays: number;
}

/** Resolves by a work of its own, not shared, from what the caches know of the way there. */
async function explain(words: string, { instance, clock }: ControlParts): Promise<string> {
  const read = readAsked(words, 'explain NAME [TYPE] [+json|+svg|+dot] [+cached] [+expiry=DAYS]');
  if (typeof read === 'string') return read;
  const { question, form, isCached, expiryDays } = read;
  const options = { isCached, expirySeconds: expiryDays * DAY_SECONDS };
  const explained = await explainQuestion(instance.explaining(clock), question, options);
  if (explained === null) return `error nothing is held about ${questionText(question)}\n`;
  return formed(explained.report, form);
}

function formed(report: Report, form: Asked['form']): string {
  switch (form) {
    case 'text':
      return reportText(report, { hasColour: false });
    case 'json':
      return `${JSON.stringify(report)}\n`;
    case 'svg':
      return chainPicture(report);
    case 'dot':
      return chainDot(report);
    default:
      return unreachable(form);
  }
}

async function trace(words: string, { instance, clock }: ControlParts): Promise<string> {
  const read = readAsked(words, 'trace NAME [TYPE] [+json]');
  if (typeof read === 'string') return read;
  if (read.isCached) return 'error trace asks the servers: +cached is for explain\n';
  if (read.form === 'svg' || read.form === 'dot') return 'error trace has no picture: +svg and +dot are for explain\n';
  const startedMs = clock.monotonicMs();
  const options = { isCached: false, expirySeconds: 0 };
  const explained = await explainQuestion(instance.explaining(clock), read.question, options);
  if (explained === null) return 'error nothing was found\n';
  const { report, events } = explained;
  const { question, seconds, rcode, status, reason } = report;
  if (read.form === 'json') {
    return `${JSON.stringify({ question, seconds, rcode, status, reason, events: explainJson(events) })}\n`;
  }
  return `${question}\n${explainText(events, startedMs)}${rcode} ${status}, ${seconds.toFixed(3)} s: ${reason}\n`;
}

/** A line for each name, newest first: name, type, how often, when (unix seconds), why. */
function listBogus(words: string, { instance }: ControlParts): string {
  if (!['', '+json', '--json'].includes(words)) return 'error usage: list_bogus [+json]\n';
  const lines = instance.recentBogus.list();
  if (words !== '') return `${JSON.stringify(lines)}\n`;
  return lines.map(({ name, type, count, last, reason }) => `${name} ${type} ${count} ${last} ${reason}\n`).join('');
}

/** `--json` and `+json` mean the same: unbound-control takes words that begin with two dashes for its own options. */
function readAsked(words: string, usage: string): Asked | string {
  const given = words.split(/\s+/).filter((word) => word !== '');
  const flags = given.filter((word) => /^(?:\+|--)/.test(word)).map((word) => word.replace(/^(?:\+|--)/, ''));
  const [nameText = '', typeWord = 'A', ...more] = given.filter((word) => !/^(?:\+|--)/.test(word));
  const days = flags.map((flag) => /^expiry=(\d{1,5})$/.exec(flag)?.[1]).find((found) => found !== undefined);
  const forms = flags.filter((flag) => flag === 'json' || flag === 'svg' || flag === 'dot');
  const isKnown = flags.every(
    (flag) => (forms as string[]).includes(flag) || flag === 'cached' || /^expiry=\d{1,5}$/.test(flag),
  );
  const expiryDays = Number(days ?? DEFAULT_EXPIRY_DAYS);
  const read = readName(nameText);
  if (!read.ok) return read.error;
  const type = typeFromText(typeWord);
  if (type === null || more.length > 0 || !isKnown || forms.length > 1 || expiryDays > MAX_EXPIRY_DAYS)
    return `error usage: ${usage}\n`;
  const question = questionOf(read.name, type);
  return { question, form: forms[0] ?? 'text', isCached: flags.includes('cached'), expiryDays };
}
