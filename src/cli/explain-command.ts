/** `hawser explain`: words, the resolver that is asked, output. What is shown is in src/explain. */

import type { Config } from '../config/config.ts';
import { explainParts } from '../daemon/explain-parts.ts';
import { chainDot } from '../explain/chain-dot.ts';
import { chainPicture } from '../explain/chain-picture.ts';
import { explainQuestion } from '../explain/gather.ts';
import type { Report } from '../explain/report.ts';
import { reportText } from '../explain/report-text.ts';
import type { Ports } from '../ports/ports.ts';
import type { Question } from '../wire/question.ts';
import { daemonReport } from './daemon-report.ts';
import { readTime } from './explain-time.ts';
import { DAEMON_HELP, findDaemon, LOOK_UP_OPTIONS, SOURCE_HELP, sourceFault } from './look-up-source.ts';
import { programPorts } from './own-resolver.ts';
import { openTracedResolver, questionFrom, STATUS_HELP, statusOf, VALIDATING_HELP } from './question-words.ts';
import { readWords, refuseWords, type Subcommand, USAGE_STATUS, type WordValues } from './subcommand.ts';

const DAY_SECONDS = 86_400;
/** Signatures that run out sooner are listed: signers renew earlier than that. */
const DEFAULT_EXPIRY_DAYS = 3;
const MAX_EXPIRY_DAYS = 36_500;

const USAGE = `Usage: hawser explain [OPTION ...] NAME [TYPE]
Shows the chain of trust from the anchor to the answer, zone by zone: DS, keys, signatures and their times, proofs of what is
not there, what each server said; where it broke, whose fault that is and what to do. TYPE is A by default.
${SOURCE_HELP}

${DAEMON_HELP}${VALIDATING_HELP}  --cached                what the running daemon holds now: since when, until when, and why; nobody is asked
  --at TIME               what would hold then, by the times of signatures: 2026-12-24, 2026-12-24T18:00:00Z, 20261224180000,
                          unix seconds, +3d, -12h; resolves from the root
  --expiry DAYS           list signatures that run out within so many days, default ${DEFAULT_EXPIRY_DAYS}
  --json                  for programs
  --svg                   a picture of the chain, in SVG
  --dot                   the same as a graph for Graphviz (dot -Tpdf)
  --color | --no-color    default: colour on a terminal
${STATUS_HELP}
Of the running daemon also: hawser-control explain NAME [TYPE] [+json|+svg|+dot] [+cached] [+expiry=DAYS].

Examples:
  hawser explain _25._tcp.mx.example.org TLSA
  hawser explain --cached example.org MX
  hawser explain --at +3d example.org MX
  hawser explain --resolver 127.0.0.1 example.org MX
  hawser explain --svg example.org MX >chain.svg
  hawser explain --dot example.org MX | dot -Tpdf >chain.pdf
`;

export const explainCommand: Subcommand = {
  name: 'explain',
  summary: 'why an answer is secure, insecure or bogus, and who must mend it',
  usage: USAGE,
  run,
};

const OPTIONS = {
  ...LOOK_UP_OPTIONS,
  json: { type: 'boolean' },
  cached: { type: 'boolean' },
  at: { type: 'string' },
  expiry: { type: 'string', default: String(DEFAULT_EXPIRY_DAYS) },
  svg: { type: 'boolean' },
  dot: { type: 'boolean' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
} as const;

type Values = WordValues<typeof OPTIONS>;

async function run(words: readonly string[]): Promise<number> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return refuseWords('explain', read);
  const { values, positionals } = read;
  const question = questionFrom(positionals);
  if (question === null) return refuseWords('explain', 'NAME [TYPE] is needed');
  const ports = await programPorts();
  const wish = wishOf(values, ports.clock.unixSeconds());
  if (typeof wish === 'string') return refuseWords('explain', wish);
  const report = await reportFor(question, wish, ports);
  if (typeof report === 'string') {
    process.stderr.write(`hawser explain: ${report}\n`);
    return USAGE_STATUS;
  }
  process.stdout.write(outputOf(report, values));
  return statusOf(report.status);
}

/** What is wanted, checked. */
interface Wish {
  readonly values: Values;
  readonly days: number;
  /** Unix seconds; null: now. */
  readonly at: number | null;
}

function wishOf(values: Values, now: number): Wish | string {
  const days = Number(values.expiry);
  if (!Number.isInteger(days) || days < 0 || days > MAX_EXPIRY_DAYS) return '--expiry takes days';
  const forms = [values.json, values.svg, values.dot].filter((one) => one === true).length;
  if (forms > 1) return 'of --json, --svg and --dot only one can be';
  const fault = sourceFault(values);
  if (fault !== null) return fault;
  const at = values.at === undefined ? null : readTime(values.at, now);
  if (values.at !== undefined && at === null) return `not a time: ${values.at}`;
  if (at !== null && (values.daemon === true || values.cached === true)) {
    return '--at resolves by itself: the daemon judges by its own clock';
  }
  if (values.cached === true && (values.own === true || values.resolver !== undefined)) {
    return '--cached looks into the running daemon';
  }
  return { values, days, at };
}

/** A text: why there is none. */
async function reportFor(question: Question, wish: Wish, ports: Ports): Promise<Report | string> {
  const { values, at } = wish;
  const daemon = at === null ? await findDaemon(values, ports.files) : { ok: false as const, why: '--at was given' };
  if (daemon.ok) return await reportOfDaemon(daemon.config, question, wish);
  if (values.daemon === true || values.cached === true) return `no running daemon answers: ${daemon.why}`;
  return await ownReport(question, wish, ports);
}

async function reportOfDaemon(config: Config, question: Question, wish: Wish): Promise<Report | string> {
  const flags = [`+expiry=${wish.days}`, ...(wish.values.cached === true ? ['+cached'] : [])];
  const report = await daemonReport(config, question, flags);
  if (typeof report === 'string') return report;
  if (process.stderr.isTTY === true)
    process.stderr.write('By the running daemon; --own resolves anew from the root.\n');
  return report;
}

async function ownReport(question: Question, { values, days, at }: Wish, ports: Ports): Promise<Report | string> {
  const opened = await openTracedResolver(values, ports, at);
  if (!('resolver' in opened)) return opened.join('; ');
  const parts = explainParts(opened, ports.clock);
  const options = { isCached: false, expirySeconds: days * DAY_SECONDS, isTimeAsked: at !== null };
  const explained = await explainQuestion(parts, question, options);
  opened.stop();
  return explained?.report ?? 'nothing was found';
}

function outputOf(report: Report, values: Values): string {
  if (values.svg === true) return chainPicture(report);
  if (values.dot === true) return chainDot(report);
  if (values.json === true) return `${JSON.stringify(report, null, 2)}\n`;
  const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const hasColour = values['no-color'] !== true && (values.color === true || isTerminal);
  return reportText(report, { hasColour });
}
