/**
 * Proves that what Fedora and FreeBSD install starts: their directives, in a file system of its own, with nothing changed but
 * the port; and that the daemon meets broken files as it should. Asks only what needs no internet.
 */

import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { DaemonProcess, freePort, HAWSERD } from '../support/daemon-process.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const DATA = join(PROJECT, 'test', 'data', 'config');
const run = promisify(execFile);

let root = '';
let port = 0;
const daemon = new DaemonProcess();

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'hawserd-packaged-'));
  port = await freePort();
});

afterEach(async () => {
  await daemon.end();
  rmSync(root, { recursive: true });
});

/** Puts a system's files into `folder` below the root. */
function install(system: string, folder: string): void {
  // The folders of a site's own files come with the packages.
  for (const own of ['', 'local.d', 'conf.d']) mkdirSync(join(root, folder, own), { recursive: true });
  for (const file of readdirSync(join(DATA, system))) {
    const text = readFileSync(join(DATA, system, file), 'utf8').replaceAll('ROOT', root);
    writeFileSync(join(root, folder, file), text);
  }
}

/** Starts with a file that includes the system's and says only where to listen, and as whom. */
async function startWith(file: string): Promise<void> {
  const config = join(root, 'main.conf');
  const place = `  interface: 127.0.0.1\n  port: ${port}\n  username: ""\n  use-syslog: no\n`;
  writeFileSync(config, `include: "${file}"\nserver:\n${place}`);
  daemon.start(config);
  await daemon.logged(/start of service/);
}

/** Rcode of the answer to `version.server`, which every resolver has. */
async function rcodeOf(name: string, rrClass: number): Promise<number> {
  const socket = createSocket('udp4');
  const question = { name: mustParseName(name), type: TYPE.TXT, class: rrClass };
  const reply = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  socket.send(buildQuery({ id: 9, flags: 0, question }), port, '127.0.0.1');
  const bytes = await reply;
  socket.close();
  return (bytes[3] ?? 0) & 15;
}

function putAnchor(folder: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  cpSync(join(PROJECT, 'trust-anchors', 'root-anchors.txt'), join(root, folder, 'root.key'));
}

test('Fedora', async () => {
  install('fedora', 'etc/unbound');
  putAnchor('var/lib/unbound');
  mkdirSync(join(root, 'run/unbound'), { recursive: true });
  await startWith(join(root, 'etc/unbound/unbound.conf'));
  expect(await rcodeOf('version.server', CLASS.CH)).toBe(0);
  const { stdout } = await run(join(PROJECT, 'bin/hawser-control'), ['-c', join(root, 'main.conf'), 'status']);
  expect(stdout).toContain('is running');
  expect(daemon.log).not.toMatch(/error/);
});

test('FreeBSD: paths are within the chroot, of which a warning says that it is none', async () => {
  install('freebsd', 'var/unbound');
  putAnchor('var/unbound');
  mkdirSync(join(root, 'var/run'), { recursive: true });
  await startWith(join(root, 'var/unbound/unbound.conf'));
  expect(await rcodeOf('version.server', CLASS.CH)).toBe(0);
  expect(daemon.log).toMatch(/warning: .*chroot has no effect/);
  expect(readFileSync(join(root, 'var/run/local_unbound.pid'), 'utf8')).toBe(`${daemon.pid}\n`);
  const { stdout } = await run(join(PROJECT, 'bin/hawser-control'), ['-c', join(root, 'main.conf'), 'list_forwards']);
  expect(stdout).toContain('192.0.2.53');
});

test('a broken file is refused with all that is wrong in it, and a reload of one changes nothing', async () => {
  const good = join(root, 'good.conf');
  writeFileSync(good, 'server:\n  pidfile: ""\n');
  await startWith(good);
  writeFileSync(good, 'server:\n  pidfile: ""\n  port: x\n  foo: 1\n  http-endpoint: "x"\n');
  const failed = await run(HAWSERD, ['-d', '-c', good]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 1 });
  const { stderr } = failed as { readonly stderr: string };
  for (const line of [3, 4, 5]) expect(stderr).toContain(`good.conf:${line}: error: `);
  daemon.kill('SIGHUP');
  await daemon.logged(/the configuration before stays in force/);
  expect(await rcodeOf('version.server', CLASS.CH)).toBe(0);
});
