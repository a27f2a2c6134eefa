/** `hawser explain` and `hawser trace`: words, the resolver that is asked, output. What is shown is in src/explain and src/trace. */

import { parseArgs } from 'node:util';
import { explainParts } from '../daemon/explain-parts.ts';
import { chainPicture } from '../explain/chain-picture.ts';
import { explainQuestion } from '../explain/gather.ts';
import { reportText } from '../explain/report-text.ts';
import { explainJson, stepText } from '../trace/explain.ts';
import { Trace } from '../trace/trace.ts';
import { parseName } from '../wire/name-text.ts';
import { type Question, questionOf, questionText } from '../wire/question.ts';
import { typeFromText } from '../wire/rr-type.ts';
import { familyOf, LOOK_UP_OPTIONS, type LookUpValues, serverAddress } from './look-up-source.ts';
import { programPorts, readProgramConfig, startOwnResolver, withFamily, withForwarder } from './own-resolver.ts';
import { refuseWords, type Subcommand } from './subcommand.ts';

const DAY_SECONDS = 86_400;
/** Signatures that run out sooner are listed: signers renew earlier than that. */
const DEFAULT_EXPIRY_DAYS = 3;
const MAX_EXPIRY_DAYS = 36_500;

/** Exit statuses, by what DNSSEC says. */
const STATUS = { secure: 0, bogus: 1, insecure: 2, unknown: 3 } as const;

const RESOLVER_HELP = `  --resolver ADDR[@PORT]  ask this resolver for everything and validate here; it must pass DNSSEC records on
  -C, --config FILE       an unbound.conf for the own resolver (none is read by default)
  -4, --ip4 | -6, --ip6   IPv4 | IPv6 only
  --json                  for programs
`;

const STATUS_HELP =
  'Exit status: 0 secure, 1 bogus or no answer, 2 insecure (not signed), 3 it cannot be said, or wrong words.\n';

const EXPLAIN_USAGE = `Usage: hawser explain [OPTION ...] NAME [TYPE]
Shows the chain of trust from the anchor to the answer, zone by zone: DS, keys, signatures and their times, proofs of what is
not there, what each server said; where it broke, whose fault that is and what to do. TYPE is A by default.

${RESOLVER_HELP}  --expiry DAYS           list signatures that run out within so many days, default ${DEFAULT_EXPIRY_DAYS}
  --svg                   a picture of the chain, in SVG
  --color | --no-color    default: colour on a terminal
${STATUS_HELP}
Of the running daemon: hawser-control explain NAME [TYPE] [+json] [+cached] [+expiry=DAYS].

Examples:
  hawser explain _25._tcp.mx.example.org TLSA
  hawser explain --resolver 127.0.0.1 example.org MX
  hawser explain --svg example.org MX >chain.svg
`;

const TRACE_USAGE = `Usage: hawser trace [OPTION ...] NAME [TYPE]
Resolves once and shows each step as it happens: time, server, question, what came back. TYPE is A by default.

${RESOLVER_HELP}${STATUS_HELP}
With --json each step is a line of JSON. Of the running daemon: hawser-control trace NAME [TYPE] [+json].

Examples:
  hawser trace _25._tcp.mx.example.org TLSA
  hawser trace -4 --json example.org MX
`;

export const explainCommand: Subcommand = {
  name: 'explain',
  summary: 'why an answer is secure, insecure or bogus, and who must mend it',
  usage: EXPLAIN_USAGE,
  run: async (words) => await run('explain', words),
};

export const traceCommand: Subcommand = {
  name: 'trace',
  summary: 'each step of one resolution as it happens',
  usage: TRACE_USAGE,
  run: async (words) => await run('trace', words),
};

const OPTIONS = { ...LOOK_UP_OPTIONS, json: { type: 'boolean' } } as const;
const EXPLAIN_OPTIONS = {
  ...OPTIONS,
  expiry: { type: 'string' },
  svg: { type: 'boolean' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
} as const;

interface Values extends LookUpValues {
  readonly json?: boolean | undefined;
  readonly expiry?: string | undefined;
  readonly svg?: boolean | undefined;
  readonly color?: boolean | undefined;
  readonly 'no-color'?: boolean | undefined;
}

async function run(command: 'explain' | 'trace', words: readonly string[]): Promise<number> {
  let values: Values;
  let positionals: readonly string[];
  try {
    const options = command === 'explain' ? EXPLAIN_OPTIONS : OPTIONS;
    ({ values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true }));
  } catch (error) {
    return refuseWords(command, (error as Error).message);
  }
  const question = questionFrom(positionals);
  if (question === null) return refuseWords(command, 'NAME [TYPE] is needed');
  const days = Number(values.expiry ?? DEFAULT_EXPIRY_DAYS);
  if (!Number.isInteger(days) || days < 0 || days > MAX_EXPIRY_DAYS) return refuseWords(command, '--expiry takes days');
  const opened = await openResolver(values);
  if (!('instance' in opened)) return refuseWords(command, opened.join('; '));
  const status =
    command === 'explain' ? await explain(opened, question, values, days) : await traceOnce(opened, question, values);
  opened.instance.stop();
  return status;
}

function questionFrom([nameText, typeWord = 'A', ...more]: readonly string[]): Question | null {
  const name = nameText === undefined || more.length > 0 ? null : parseName(nameText);
  const type = typeFromText(typeWord.toUpperCase());
  return name === null || type === null ? null : questionOf(name, type);
}

async function openResolver(values: Values) {
  const ports = await programPorts();
  const config = readProgramConfig(values.config ?? null, ports.files);
  if (!('server' in config)) return config;
  const forwarder = values.resolver === undefined ? null : serverAddress(values.resolver);
  if (values.resolver !== undefined && forwarder === null) return [`not an address: ${values.resolver}`];
  const asked = forwarder === null ? config : withForwarder(config, forwarder);
  const instance = await startOwnResolver(withFamily(asked, familyOf(values)), ports);
  return 'resolver' in instance ? { instance, ports } : instance;
}

type Opened = Extract<Awaited<ReturnType<typeof openResolver>>, { readonly instance: unknown }>;

async function explain({ instance, ports }: Opened, question: Question, values: Values, days: number): Promise<number> {
  const parts = explainParts(instance, ports.clock);
  const options = { isCached: false, expirySeconds: days * DAY_SECONDS };
  const explained = await explainQuestion(parts, question, options);
  if (explained === null) return STATUS.unknown;
  const { report } = explained;
  if (values.svg === true) {
    process.stdout.write(chainPicture(report));
    return statusOf(report.status);
  }
  const isTerminal = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const hasColour = values['no-color'] !== true && (values.color === true || isTerminal);
  process.stdout.write(
    values.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, { hasColour }),
  );
  return statusOf(report.status);
}

/** Writes each step as it comes. */
async function traceOnce({ instance, ports }: Opened, question: Question, values: Values): Promise<number> {
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
  const resolution = await instance.resolver.resolve(question, { trace });
  return statusOf(resolution.kind === 'failed' ? 'failed' : (resolution.verdict?.status ?? 'unchecked'));
}

function statusOf(status: string): number {
  if (status === 'secure') return STATUS.secure;
  if (status === 'insecure') return STATUS.insecure;
  return status === 'bogus' || status === 'failed' ? STATUS.bogus : STATUS.unknown;
}
