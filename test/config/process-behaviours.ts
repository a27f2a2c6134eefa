/**
 * What a directive that only a process of its own obeys changes: hawserd, or hawser-control, runs with and without its line and
 * what it does is seen. Not a test itself; effects.test.ts demands that the two differ.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../support/certificates.ts';
import { BIN, DaemonProcess, freePort, HAWSERD, PATIENCE_MS } from '../support/daemon-process.ts';
import type { Shown } from './behaviours.ts';

/** A daemon that was started with a line, and where its files are. */
interface Seen {
  readonly daemon: DaemonProcess;
  readonly folder: string;
  readonly config: string;
}

/** A directive that changes nothing where the process is not root's: nobody else can become another user. */
export const NEEDS_ROOT: ReadonlySet<string> = new Set(['username']);

/** What `see` makes of a configuration file with these lines, in a folder that FOLDER in them stands for; it goes afterwards. */
async function withFile(
  text: string,
  see: (config: string, folder: string) => string | Promise<string>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-effects-'));
  const config = join(folder, 'hawser.conf');
  try {
    writeFileSync(config, text.replaceAll('FOLDER', folder));
    return await see(config, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is seen of a daemon in the foreground that has done all that belongs to its start. */
function ofDaemon(line: string, see: (seen: Seen) => string, more = ''): Shown {
  const plain = 'directory: "FOLDER"\nchroot: ""\nuse-syslog: no\npidfile: ""\nusername: ""';
  return {
    line,
    seen: async (given) =>
      await withFile(
        `server:\ninterface: 127.0.0.1@${await freePort()}\n${plain}\n${given}\n${more}`,
        async (config, folder) => {
          const daemon = new DaemonProcess();
          try {
            daemon.start(config, [HAWSERD, '-d', '-c', config], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
            await daemon.until(() => daemon.isReady || daemon.hasEnded);
            return see({ daemon, folder, config });
          } finally {
            await daemon.end();
          }
        },
      ),
  };
}

/** Whether the program that was started goes on, or leaves that to another one, which its pid file names. */
async function whereItRuns(given: string): Promise<string> {
  const lines = 'directory: "FOLDER"\nchroot: ""\nuse-syslog: no\npidfile: "FOLDER/pid"\nusername: ""';
  const text = `server:\ninterface: 127.0.0.1@${await freePort()}\n${lines}\n${given}\n`;
  return await withFile(text, async (config, folder) => {
    const path = join(folder, 'pid');
    const pid = (): number => (existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0);
    const daemon = new DaemonProcess();
    try {
      daemon.start(config, [HAWSERD, '-c', config]);
      await daemon.until(() => daemon.hasEnded || pid() === daemon.pid);
      return daemon.hasEnded ? 'in the background' : 'in the foreground';
    } finally {
      if (pid() !== 0 && pid() !== daemon.pid) process.kill(pid(), 'SIGKILL');
      await daemon.end();
    }
  });
}

/** What the control program says where nobody listens; `other` holds neither key nor certificate, which it says first. */
function ofControl(directive: string): Shown {
  const own = ['server-cert-file', 'control-key-file', 'control-cert-file'].map((name) => `${name}: "FOLDER/own"`);
  return {
    line: `${directive}: "FOLDER/other"`,
    seen: async (given) => {
      const socket = `control-enable: yes\ncontrol-port: ${await freePort()}`;
      const text = `server:\nchroot: ""\nremote-control:\n${socket}\n${[...own, given].join('\n')}\n`;
      return await withFile(text, (config, folder) => {
        const { certificatePem, privateKeyPem } = makeCertificate();
        writeFileSync(join(folder, 'own'), certificatePem + privateKeyPem);
        writeFileSync(join(folder, 'other'), '-----BEGIN NOTHING-----\n');
        const options = { encoding: 'utf8', timeout: PATIENCE_MS } as const;
        const { stderr } = spawnSync(join(BIN, 'hawser-control'), ['-c', config, 'status'], options);
        return /other/.exec(stderr)?.[0] ?? 'as if its keys were good';
      });
    },
  };
}

/** By directive. */
export const PROCESS_BEHAVIOURS: Readonly<Record<string, Shown>> = {
  pidfile: ofDaemon('pidfile: "FOLDER/pid"', ({ folder }) => String(existsSync(join(folder, 'pid')))),
  username: ofDaemon('username: "nobody"', ({ daemon }) => {
    return /^Uid:.*$/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[0] ?? '';
  }),
  'udp-engine': ofDaemon('udp-engine: dgram', ({ daemon }) => /UDP through .*/.exec(daemon.log)?.[0] ?? ''),
  'crypto-engine': ofDaemon('crypto-engine: node', ({ daemon }) => {
    return /P-256 signatures through .*/.exec(daemon.log)?.[0] ?? '';
  }),
  'num-threads': ofDaemon(
    'num-threads: 2',
    ({ config }) => {
      const options = { encoding: 'utf8', timeout: PATIENCE_MS } as const;
      const { stdout } = spawnSync(join(BIN, 'hawser-control'), ['-c', config, 'status'], options);
      return /threads: \d+/.exec(stdout)?.[0] ?? '';
    },
    'remote-control:\ncontrol-enable: yes\ncontrol-interface: "FOLDER/control"\n',
  ),
  'do-daemonize': { line: 'do-daemonize: no', seen: whereItRuns },
  'control-key-file': ofControl('control-key-file'),
  'control-cert-file': ofControl('control-cert-file'),
};
