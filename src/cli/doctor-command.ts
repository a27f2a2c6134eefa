/** `hawser doctor`: examines this host and says what keeps mail from being protected, or from going out at all. */

import { DEFAULT_PATHS } from '../config/default-path.ts';
import { CHECK_COUNT, examine, exitStatusOf, findingsJson, findingText, summaryText } from '../doctor/examine.ts';
import { patientOfConfig } from './doctor-patient.ts';
import { programPorts, readProgramConfig } from './own-resolver.ts';
import { chooseConfig, readProcesses } from './running-config.ts';
import { readWords, refuseWords, type Subcommand, USAGE_STATUS } from './subcommand.ts';

const OPTIONS = { config: { type: 'string', short: 'C' }, json: { type: 'boolean' } } as const;
const ERASE_LINE = '\r\x1b[K';

export const doctorCommand: Subcommand = {
  name: 'doctor',
  summary: 'examine this host: network, clock, trust anchor, resolv.conf, Postfix',
  usage: `Usage: hawser doctor [-C FILE] [--json]
Examines this host and says what is wrong, why, and what to do. Nothing is changed. Run it as root, so that it sees
which program holds a port. It works with and without a running daemon; 'hawser-control doctor' has the daemon look.
  -C, --config FILE   the configuration, default that of the daemon that runs here, else ${DEFAULT_PATHS}
      --json          one JSON object: {"status": ..., "configuration": ..., "checks": [{"id", "level", "cause", "remedy"}, ...]}
Exit status: 0 all is well or there are only warnings, 1 something fails, ${USAGE_STATUS} it could not be run.
`,
  run,
};

async function run(words: readonly string[]): Promise<number> {
  const read = readWords(words, OPTIONS);
  if (typeof read === 'string') return refuseWords('doctor', read);
  if (read.positionals.length > 0) return refuseWords('doctor', `unexpected word ${read.positionals[0]}`);
  const { config: named, json: isJson = false } = read.values;
  const ports = await programPorts();
  const { path, why } =
    named === undefined
      ? chooseConfig(readProcesses(), ports.files)
      : { path: named, why: 'named on the command line' };
  const isThere = named !== undefined || ports.files.exists(path);
  const config = readProgramConfig(isThere ? path : null, ports.files);
  if (!('server' in config)) return refuseWords('doctor', config.join('\n'));
  if (!isJson) process.stdout.write(`Configuration: ${path} (${why})\n`);
  const progress = progressOn(process.stderr);
  progress('asking the servers ...');
  let done = 0;
  const findings = await examine(patientOfConfig(config, ports), (finding) => {
    progress('');
    if (!isJson) process.stdout.write(findingText(finding, hasColour()));
    done++;
    if (done < CHECK_COUNT) progress(`${done} of ${CHECK_COUNT} checks done ...`);
  });
  process.stdout.write(isJson ? findingsJson(findings, path) : summaryText(findings));
  return exitStatusOf(findings);
}

/** Writes over its own line, on a terminal only. */
function progressOn(stream: NodeJS.WriteStream): (text: string) => void {
  return (text) => {
    if (stream.isTTY) stream.write(`${ERASE_LINE}${text}`);
  };
}

/** https://no-color.org, and only on a terminal. */
function hasColour(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}
