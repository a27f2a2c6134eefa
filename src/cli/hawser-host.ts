/** The look-up program: resolves by itself, from the root down, and says what DNSSEC says (`-v`). */

import type { Config } from '../config/config.ts';
import type { Ports, ResolverInstance } from '../daemon/resolver-instance.ts';
import { VERSION } from '../daemon/version.ts';
import { StepLines } from '../trace/step-lines.ts';
import { Trace } from '../trace/trace.ts';
import { parseIp, reverseName } from '../wire/ip.ts';
import { parseName } from '../wire/name-text.ts';
import type { Question } from '../wire/question.ts';
import { classFromText, TYPE, typeFromText } from '../wire/rr-type.ts';
import { type HostArguments, readHostArguments } from './host-arguments.ts';
import { hostText } from './host-text.ts';
import { programPorts, readProgramConfig, startOwnResolver, withFamily, withResolvConf } from './own-resolver.ts';

/** Types that a name is looked up for when none is given. */
const USUAL_TYPES: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.MX];
const RESOLV_CONF = '/etc/resolv.conf';

const USAGE = `Usage:	hawser-host [-C configfile] [-vdhr46] [-c class] [-t type]
                    [-y key] [-f keyfile] [-F namedkeyfile] hostname
  Looks a name up by itself, from the root down; addresses and mail, or the name of an address.
    -t type		what type to look for.
    -c class		what class to look for, if not class IN.
    -y 'keystring'	trust anchor, DS or DNSKEY, like 'example.com DS 31560 5 1 1CFED8478...'
    -D			trust the root's anchors (the default).
    -f keyfile		trust anchors from a file, with lines as -y.
    -F keyfile		trust anchors from a file in the form of named.conf.
    -C config		use this unbound.conf (none is read by default).
    -r			ask the resolvers of /etc/resolv.conf; they must know DNSSEC.
    -v			also what is not there, and what DNSSEC says.
    -d			show each step.
    -4 | -6		IPv4 | IPv6 only.
    -h			show this usage help.
Version ${VERSION}
`;

async function main(words: readonly string[]): Promise<number> {
  const read = readHostArguments(words);
  if (typeof read === 'string') process.stderr.write(`hawser-host: ${read}\n`);
  if (typeof read === 'string' || read.name === null) {
    process.stdout.write(USAGE);
    return 1;
  }
  const questions = questionsOf(read, read.name);
  if (typeof questions === 'string') return fail([questions]);
  const instance = await makeInstance(read);
  if (!('resolver' in instance)) return fail(instance);
  await ask(instance, questions, read, read.name);
  instance.stop();
  return 0;
}

function fail(lines: readonly string[]): number {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return 1;
}

/** What to ask for; a text when that cannot be. */
function questionsOf({ type, className }: HostArguments, nameText: string): readonly Question[] | string {
  const rrClass = classFromText(className);
  if (rrClass === null) return `error unknown class ${className}`;
  const given = type === null ? null : typeFromText(type);
  if (type !== null && given === null) return `error unknown type ${type}`;
  const address = parseIp(nameText);
  const name = address === null ? parseName(nameText) : reverseName(address);
  if (name === null) return 'resolve error: syntax error';
  const types = given !== null ? [given] : address !== null ? [TYPE.PTR] : USUAL_TYPES;
  return types.map((each) => ({ name, type: each, class: rrClass }));
}

async function makeInstance(read: HostArguments): Promise<ResolverInstance | readonly string[]> {
  const ports = await programPorts();
  const config = readProgramConfig(read.configPath, ports.files);
  return 'server' in config ? startOwnResolver(changedBy(config, read, ports), ports) : config;
}

/** The configuration with what the flags say. */
function changedBy(config: Config, read: HostArguments, { files }: Ports): Config {
  const { anchors, anchorFiles, bindAnchorFiles } = read;
  const server = {
    ...config.server,
    trustAnchor: [...config.server.trustAnchor, ...anchors],
    trustAnchorFile: [...config.server.trustAnchorFile, ...anchorFiles],
    trustedKeysFile: [...config.server.trustedKeysFile, ...bindAnchorFiles],
  };
  const changed = withFamily({ ...config, server }, read.family);
  return read.usesResolvConf ? withResolvConf(changed, RESOLV_CONF, files) : changed;
}

async function ask(
  instance: ResolverInstance,
  questions: readonly Question[],
  read: HostArguments,
  name: string,
): Promise<void> {
  let isFirst = true;
  for (const question of questions) {
    const trace = read.traces ? new Trace() : null;
    const resolution = await instance.resolver.resolve(question, trace === null ? {} : { trace });
    if (trace !== null) process.stderr.write(stepsText(trace));
    const { text, goesOn } = hostText(resolution, { name, verbose: read.verbose }, isFirst);
    process.stdout.write(text);
    if (!goesOn) return;
    isFirst = false;
  }
}

/** All steps, in the order of time. */
function stepsText(trace: Trace): string {
  const events = trace.events();
  const lines = new StepLines(events[0]?.atMs ?? 0);
  return events.map((event) => lines.text(event)).join('');
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
