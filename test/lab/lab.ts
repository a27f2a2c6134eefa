/**
 * `npm run lab [-- --port N] [--check]`: a small signed internet on this machine, with Hawser on top.
 *
 * Needs no privileges and no network: the servers live on loopback ports, Hawser is told where. Ctrl-C stops. `--check`
 * asks all proposed lines itself, prints what came of them, and exits with 1 when one was wrong.
 */

import { parseArgs } from 'node:util';
import { createCrypto } from '../../src/adapters/crypto.ts';
import { createNodeClock } from '../../src/adapters/node-clock.ts';
import { createNodeFiles } from '../../src/adapters/node-files.ts';
import { createNodeNetwork } from '../../src/adapters/node-network.ts';
import { createNodeRandom } from '../../src/adapters/node-random.ts';
import type { LogSink } from '../../src/ports/log-sink.ts';
import { startInstance } from '../replay/start-instance.ts';
import { KeyStore } from '../world/keys.ts';
import type { World } from '../world/world.ts';
import { checkLine } from './lab-check.ts';
import { digLine, LAB_LINES } from './lab-lines.ts';
import { withLabServers } from './lab-network.ts';
import { serveWorld } from './lab-servers.ts';
import { makeLabWorld } from './lab-world.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5300' },
    check: { type: 'boolean', default: false },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
});

const at = { ip: '127.0.0.1', port: Number(values.port) };
const clock = createNodeClock();
const network = createNodeNetwork();
const log: LogSink = {
  write: (level, line) => {
    if (values.verbose || level === 'error' || level === 'fatal error') console.error(`${level}: ${line}`);
  },
};
const world = makeLabWorld(clock.unixSeconds(), new KeyStore());
const servers = await serveWorld(world, network);
const instance = await startInstance(configText(world), {
  clock,
  network: withLabServers(network, servers.addresses),
  random: createNodeRandom(),
  files: createNodeFiles(),
  crypto: await createCrypto((line) => log.write('warning', line)),
  log,
});
if (typeof instance === 'string') {
  console.error(`the lab cannot start: ${instance}`);
  process.exit(1);
}
if (values.check) {
  const wrong = await checkAll();
  await instance.stop();
  servers.close();
  process.exitCode = wrong === 0 ? 0 : 1;
} else {
  printGuide();
  process.once('SIGINT', () => {
    void instance.stop().then(() => {
      servers.close();
      process.exit(0);
    });
  });
}

function configText(lab: World): string {
  return `
server:
  # test. is answered locally by default (RFC 6761 §6.2); here it is a zone like any other.
  local-zone: "test." nodefault
  interface: ${at.ip}
  port: ${at.port}
  use-syslog: no
  logfile: ""
  chroot: ""
  username: ""
  pidfile: ""
  do-ip6: no
  do-not-query-localhost: no
  verbosity: ${values.verbose ? 2 : 0}
  val-log-level: 2
  ${lab
    .anchors()
    .map((line) => `trust-anchor: "${line}"`)
    .join('\n  ')}
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-prime: yes
${rootAddresses(lab)}
`;
}

function rootAddresses(lab: World): string {
  const root = lab.zones().find(({ name }) => name === '.');
  const ips = Object.values(root?.spec.servers ?? {}).flat();
  return ips.map((ip) => `  stub-addr: ${ip}`).join('\n');
}

async function checkAll(): Promise<number> {
  let wrong = 0;
  for (const line of LAB_LINES) {
    const problem = await checkLine(line, at);
    if (problem !== null) wrong++;
    console.log(
      `${problem === null ? 'pass' : 'FAIL'}  ${line.name} ${line.type} ${line.options ?? ''} ${problem ?? ''}`.trim(),
    );
  }
  console.log(`\n${LAB_LINES.length - wrong} of ${LAB_LINES.length} lines as they should be`);
  return wrong;
}

function printGuide(): void {
  console.log(`A small signed internet with Hawser on top, at ${at.ip} port ${at.port}. Try, in another window:\n`);
  for (const line of LAB_LINES) console.log(`  ${digLine(line, at)}\n      ${line.shows}\n`);
  console.log('The servers themselves (dig @127.0.0.1 -p PORT +norec):\n');
  for (const { name, spec } of world.zones()) {
    for (const [host, ips] of Object.entries(spec.servers)) {
      for (const ip of ips)
        console.log(`  ${name.padEnd(28)} ${host.padEnd(28)} ${ip.padEnd(16)} port ${servers.addresses.get(ip)?.port}`);
    }
  }
  console.log('\nCtrl-C stops.');
}
