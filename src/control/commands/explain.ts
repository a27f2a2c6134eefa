/**
 * Hawser's own commands: `explain NAME [TYPE]` shows the chain of trust of an answer and who broke it, `list_bogus` the names that
 * were bogus a short time ago.
 */

import { chainDot } from '../../explain/chain-dot.ts';
import { chainPicture } from '../../explain/chain-picture.ts';
import { explainQuestion } from '../../explain/gather.ts';
import type { Report } from '../../explain/report.ts';
import { reportText } from '../../explain/report-text.ts';
import { unreachable } from '../../terms/unreachable.ts';
import { type Question, questionOf, questionText } from '../../wire/question.ts';
import { typeFromText } from '../../wire/rr-type.ts';
import { type OwnCommand, worded } from '../command.ts';
import { readName } from '../names.ts';
import type { ControlParts } from '../parts.ts';
import { splitFlags } from './trace.ts';

/** Signatures that run out sooner are listed, days; signers renew earlier than that. */
const DEFAULT_EXPIRY_DAYS = 3;
const MAX_EXPIRY_DAYS = 36_500;
const DAY_SECONDS = 86_400;

export function explainCommands(parts: ControlParts): OwnCommand[] {
  return [
    worded('explain', (words) => explain(words, parts)),
    worded('list_bogus', (words) => listBogus(words, parts)),
    worded('list_expiring', (words) => listExpiring(words, parts)),
  ];
}

/** What `explain` takes. */
interface Asked {
  readonly question: Question;
  readonly form: 'text' | 'json' | 'svg' | 'dot';
  readonly isCached: boolean;
  readonly expiryDays: number;
}

/** Resolves by a work of its own, not shared, from what the caches know of the way there. */
async function explain(words: string, { instance, clock }: ControlParts): Promise<string> {
  const read = readAsked(words);
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

/** A line for each name, newest first: name, type, how often, when (unix seconds), why. */
function listBogus(words: string, { instance }: ControlParts): string {
  if (!['', '+json', '--json'].includes(words)) return 'error usage: list_bogus [+json]\n';
  const lines = instance.recentBogus.list();
  if (words !== '') return `${JSON.stringify(lines)}\n`;
  return lines.map(({ name, type, count, last, reason }) => `${name} ${type} ${count} ${last} ${reason}\n`).join('');
}

/** A line for each name whose signatures run out soon: name, type, key, when (unix seconds); the first to end first. */
function listExpiring(words: string, { instance }: ControlParts): string {
  if (!['', '+json', '--json'].includes(words)) return 'error usage: list_expiring [+json]\n';
  const lines = instance.expiringSignatures.list();
  if (words !== '') return `${JSON.stringify(lines)}\n`;
  return lines.map(({ name, type, keyTag, expiration }) => `${name} ${type} ${keyTag} ${expiration}\n`).join('');
}

function readAsked(words: string): Asked | string {
  const { flags, plain } = splitFlags(words);
  const [nameText = '', typeWord = 'A', ...more] = plain;
  const days = flags.map((flag) => /^expiry=(\d{1,5})$/.exec(flag)?.[1]).find((found) => found !== undefined);
  const forms = flags.filter((flag) => flag === 'json' || flag === 'svg' || flag === 'dot');
  const isKnown = flags.every((flag) => /^(?:json|svg|dot|cached|expiry=\d{1,5})$/.test(flag));
  const expiryDays = Number(days ?? DEFAULT_EXPIRY_DAYS);
  const read = readName(nameText);
  if (!read.ok) return read.error;
  const type = typeFromText(typeWord);
  if (type === null || more.length > 0 || !isKnown || forms.length > 1 || expiryDays > MAX_EXPIRY_DAYS) {
    return 'error usage: explain NAME [TYPE] [+json|+svg|+dot] [+cached] [+expiry=DAYS]\n';
  }
  const question = questionOf(read.name, type);
  return { question, form: forms[0] ?? 'text', isCached: flags.includes('cached'), expiryDays };
}
