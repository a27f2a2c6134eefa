/**
 * `npm start`: the resolver on 127.0.0.1 with built-in hints and anchors, to try it out. Port 53 where that is allowed and
 * free, else the first free one from 5353 on.
 */

import { parseConfigText } from '../config/load-config.ts';
import { Running } from '../daemon/running.ts';
import { PROGRAM_VERSION } from '../daemon/version.ts';
import { thisProcess } from './this-process.ts';

const ADDRESS = '127.0.0.1';
/** Ports to try: the real one, then twenty that need no privileges. */
const PORTS: readonly number[] = [53, ...Array.from({ length: 20 }, (_, i) => 5353 + i)];

function configText(port: number): string {
  return `server:
  interface: ${ADDRESS}@${port}
  username: ""
  pidfile: ""
  use-syslog: no
  log-servfail: yes
  val-log-level: 2
`;
}

/** Starts on the first port that can be had; null and the reason when none can. */
async function startSomewhere(): Promise<{ readonly running: Running; readonly port: number } | readonly string[]> {
  let reasons: readonly string[] = [];
  for (const port of PORTS) {
    const running = new Running({
      ...thisProcess(),
      *load() {
        const loaded = parseConfigText(configText(port), 'npm start');
        return loaded.ok ? loaded : { ok: false, lines: loaded.findings.map(({ text }) => text) };
      },
      logToStderr: true,
    });
    reasons = await running.start();
    if (reasons.length === 0) return { running, port };
  }
  return reasons;
}

const started = await startSomewhere();
if ('running' in started) {
  const { running, port } = started;
  const portArgument = port === 53 ? '' : ` -p ${port}`;
  process.stdout.write(`
${PROGRAM_VERSION} serves this host on ${ADDRESS} port ${port}. Try:

  dig @${ADDRESS}${portArgument} +dnssec . NS

The flags line of the answer shows "ad": the data was validated. Stop with Ctrl-C.

`);
  const stop = (): void => {
    running.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
} else {
  for (const reason of started) process.stderr.write(`${reason}\n`);
  process.exit(1);
}
