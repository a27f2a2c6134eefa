/** `hawser trace`: words, the resolver that is asked, lines as they come. What steps show is in src/trace. */

import { parseArgs } from 'node:util';
import { explainJson, stepText } from '../trace/explain.ts';
import { Trace } from '../trace/trace.ts';
import { type Question, questionText } from '../wire/question.ts';
import { LOOK_UP_OPTIONS } from './look-up-source.ts';
import { programPorts } from './own-resolver.ts';
import { openTracedResolver, questionFrom, STATUS_HELP, statusOf, VALIDATING_HELP } from './question-words.ts';
import { refuseWords, type Subcommand } from './subcommand.ts';

const USAGE = `Usage: hawser trace [OPTION ...] NAME [TYPE]
Resolves once and shows each step as it happens: time, server, question, what came back. TYPE is A by default.

${VALIDATING_HELP}  --json                  for programs
${STATUS_HELP}
With --json each step is a line of JSON. Of the running daemon: hawser-control trace NAME [TYPE] [+json].

Examples:
  hawser trace _25._tcp.mx.example.org TLSA
  hawser trace -4 --json example.org MX
`;

export const traceCommand: Subcommand = {
  name: 'trace',
  summary: 'each step of one resolution as it happens',
  usage: USAGE,
  run,
};

const OPTIONS = { ...LOOK_UP_OPTIONS, json: { type: 'boolean' } } as const;

function readWords(words: readonly string[]) {
  return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
}

async function run(words: readonly string[]): Promise<number> {
  let read: ReturnType<typeof readWords>;
  try {
    read = readWords(words);
  } catch (error) {
    return refuseWords('trace', (error as Error).message);
  }
  const question = questionFrom(read.positionals);
  if (question === null) return refuseWords('trace', 'NAME [TYPE] is needed');
  return await traceOnce(question, read.values);
}

/** Writes each step as it comes. */
async function traceOnce(question: Question, values: ReturnType<typeof readWords>['values']): Promise<number> {
  const ports = await programPorts();
  const opened = await openTracedResolver(values, ports, null);
  if (!('resolver' in opened)) return refuseWords('trace', opened.join('; '));
  const startedMs = ports.clock.monotonicMs();
  if (values.json !== true) process.stdout.write(`${questionText(question)}\n`);
  const trace = new Trace((event) => {
    const time = (event.atMs - startedMs).toFixed(1).padStart(8);
    const line =
      values.json === true
        ? JSON.stringify(explainJson([event])[0])
        : `${time} ms [${event.workId}] ${stepText(event)}`;
    process.stdout.write(`${line}\n`);
  });
  const resolution = await opened.resolver.resolve(question, { trace });
  opened.stop();
  return statusOf(resolution.kind === 'failed' ? 'failed' : (resolution.verdict?.status ?? 'unchecked'));
}
