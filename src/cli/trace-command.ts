/** `hawser trace`: words, the resolver that is asked, lines as they come. What steps show is in src/trace. */

import type { Config } from '../config/config.ts';
import { endOfTrace, endText } from '../explain/ending.ts';
import type { Ports } from '../ports/ports.ts';
import { StepLines } from '../trace/step-lines.ts';
import { Trace } from '../trace/trace.ts';
import { formatName, parseName } from '../wire/name-text.ts';
import { type Question, questionText } from '../wire/question.ts';
import { typeFromText, typeText } from '../wire/rr-type.ts';
import { listenToDaemon } from './control-connection.ts';
import { DAEMON_HELP, findDaemon, LOOK_UP_OPTIONS, SOURCE_HELP, sourceFault } from './look-up-source.ts';
import { programPorts } from './own-resolver.ts';
import { openTracedResolver, questionFrom, STATUS_HELP, statusOf, VALIDATING_HELP } from './question-words.ts';
import { readWords, refuseWords, type Subcommand, USAGE_STATUS, type WordValues } from './subcommand.ts';

/** Milliseconds of silence after which the daemon is given up: it answers or fails within a quarter of that. */
const SILENCE_MS = 120_000;
/** The same while following: nobody may ask for long. The daemon ends it after an hour. */
const FOLLOW_SILENCE_MS = 7_200_000;

const USAGE = `Usage: hawser trace [OPTION ...] NAME [TYPE]
       hawser trace --follow [--steps] [--count N] [--seconds N] [NAME [TYPE]]
Resolves once and shows each step as it happens: time, server, question, what came back, round trip time. TYPE is A by default.
With --follow it shows the queries of the running daemon's clients at and below NAME (all without a name) as they come, each
with its answer; Ctrl-C ends it.
${SOURCE_HELP}

${DAEMON_HELP}${VALIDATING_HELP}  --follow                clients' queries as they come, of the running daemon
  --steps                 with --follow: also the steps of what they start
  --count N               with --follow: end after so many queries
  --seconds N             with --follow: end after so many seconds, at most 3600
  --json                  for programs: a line of JSON for each step
${STATUS_HELP}With --follow: 0 it was ended, 3 no daemon.

Examples:
  hawser trace _25._tcp.mx.example.org TLSA
  hawser trace -4 --own --json example.org MX
  hawser trace --follow --steps example.org
  hawser trace --follow --count 20 . TLSA
`;

export const traceCommand: Subcommand = {
  name: 'trace',
  summary: 'each step of one resolution as it happens; queries of clients as they come',
  usage: USAGE,
  run,
};

const OPTIONS = {
  ...LOOK_UP_OPTIONS,
  json: { type: 'boolean' },
  follow: { type: 'boolean' },
  steps: { type: 'boolean' },
  count: { type: 'string' },
  seconds: { type: 'string' },
} as const;

type Values = WordValues<typeof OPTIONS>;

async function run(words: readonly string[]): Promise<number> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return refuseWords('trace', read);
  const { values, positionals } = read;
  const fault = faultOf(values);
  if (fault !== null) return refuseWords('trace', fault);
  const ports = await programPorts();
  if (values.follow === true) return await follow(values, positionals, ports);
  const question = questionFrom(positionals);
  if (question === null) return refuseWords('trace', 'NAME [TYPE] is needed');
  const found = await findDaemon(values, ports.files);
  if (found.ok) return await traceDaemon(found.config, question, values);
  if (values.daemon === true) return tellNoDaemon(found.why);
  return await traceOwn(question, values, ports);
}

function faultOf(values: Values): string | null {
  const ofFollow = values.steps === true || values.count !== undefined || values.seconds !== undefined;
  if (ofFollow && values.follow !== true) return '--steps, --count and --seconds are for --follow';
  if (values.follow === true && (values.own === true || values.resolver !== undefined)) {
    return '--follow shows the clients of the running daemon';
  }
  const numbers = [values.count, values.seconds].filter((one) => one !== undefined);
  if (!numbers.every((one) => /^\d{1,9}$/.test(one))) return '--count and --seconds take numbers';
  return sourceFault(values);
}

function tellNoDaemon(why: string): number {
  process.stderr.write(`hawser trace: no running daemon answers: ${why}\n`);
  return USAGE_STATUS;
}

async function follow(values: Values, [name, type, ...more]: readonly string[], ports: Ports): Promise<number> {
  const isName = name === undefined || parseName(name) !== null;
  const isType = type === undefined || typeFromText(type.toUpperCase()) !== null;
  if (more.length > 0 || !isName || !isType) return refuseWords('trace', '--follow takes [NAME [TYPE]]');
  const found = await findDaemon(values, ports.files);
  if (!found.ok) return tellNoDaemon(found.why);
  const { count, seconds } = values;
  const words = [
    ...['follow', ...(name === undefined ? [] : [name]), ...(type === undefined ? [] : [type.toUpperCase()])],
    ...(values.steps === true ? ['+steps'] : []),
    ...(values.json === true ? ['+json'] : []),
    ...(count === undefined ? [] : [`+count=${count}`]),
    ...(seconds === undefined ? [] : [`+seconds=${seconds}`]),
  ];
  const onText = (text: string): void => void process.stdout.write(text);
  const heard = await listenToDaemon(found.config, words, { onText, silenceMs: FOLLOW_SILENCE_MS });
  if (heard.ok) return 0;
  process.stderr.write(`hawser trace: ${heard.why.replace(/^error /, '')}\n`);
  return USAGE_STATUS;
}

async function traceDaemon(config: Config, { name, type }: Question, values: Values): Promise<number> {
  let last = '';
  const onText = (text: string): void => {
    process.stdout.write(text);
    last = `${last}${text}`.trimEnd().split('\n').at(-1) ?? '';
    if (text.endsWith('\n')) last += '\n';
  };
  const words = ['trace', formatName(name), typeText(type), ...(values.json === true ? ['+json'] : [])];
  const heard = await listenToDaemon(config, words, { onText, silenceMs: SILENCE_MS });
  if (!heard.ok) return tellNoDaemon(heard.why);
  return statusOf(statusIn(last.trim(), values.json === true));
}

/** DNSSEC's status in the daemon's last line. */
function statusIn(line: string, isJson: boolean): string {
  if (!isJson) return /^\S+ ([a-z]+), /.exec(line)?.[1] ?? '';
  return (JSON.parse(line === '' ? '{}' : line) as { readonly status?: string }).status ?? '';
}

/** Writes each step as it comes. */
async function traceOwn(question: Question, values: Values, ports: Ports): Promise<number> {
  const opened = await openTracedResolver(values, ports, null);
  if (!('resolver' in opened)) return refuseWords('trace', opened.join('; '));
  const { clock } = ports;
  const isJson = values.json === true;
  const startedMs = clock.monotonicMs();
  const lines = new StepLines(startedMs);
  if (!isJson) process.stdout.write(`${questionText(question)}\n`);
  const trace = new Trace((event) => {
    process.stdout.write(isJson ? `${JSON.stringify(lines.json(event))}\n` : lines.text(event));
  });
  const resolution = await opened.resolver.resolve(question, { trace });
  opened.stop();
  const ending = endOfTrace(question, resolution, (clock.monotonicMs() - startedMs) / 1000);
  process.stdout.write(isJson ? `${JSON.stringify(ending)}\n` : endText(ending));
  return statusOf(ending.status);
}
