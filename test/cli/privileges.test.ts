/**
 * Proves that whoever owns the folders of the log, the pid file, the control socket or the keys gets nothing of root's when the
 * daemon starts as root and becomes somebody else. Needs root; the attacker is the user "nobody".
 */

import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNodeFiles } from '../../src/adapters/node-files.ts';
import { createNodeLog } from '../../src/adapters/node-log.ts';
import { asUser, findUser, openForAppending, rootOnlyPath } from '../../src/adapters/root-writes.ts';
import { BIN, DaemonProcess, freePort } from '../support/daemon-process.ts';

const IS_ROOT = process.geteuid?.() === 0;
const SECRET = 'root:*:20000:\n';
const run = promisify(execFile);

const nobody = findUser('nobody');
let root = '';
/** The attacker's folder. */
let theirs = '';
/** A file of root's that the attacker would like to have or to change. */
let secret = '';
const daemon = new DaemonProcess();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hawser-root-'));
  chmodSync(root, 0o755);
  theirs = join(root, 'theirs');
  mkdirSync(theirs);
  if (nobody !== null && IS_ROOT) chownSync(theirs, nobody.uid, nobody.gid);
  secret = join(root, 'secret');
  writeFileSync(secret, SECRET, { mode: 0o600 });
});

afterEach(async () => {
  await daemon.end();
  rmSync(root, { recursive: true });
});

interface Places {
  readonly logfile?: string;
  readonly pidfile?: string;
  readonly control?: string;
  readonly more?: string;
}

/** Starts as root, to become nobody, and waits until it has. */
async function start({ logfile = '', pidfile = '', control = '', more = '' }: Places): Promise<void> {
  const config = join(root, 'hawser.conf');
  const remote = control === '' ? '' : `remote-control:\n  control-enable: yes\n  control-interface: "${control}"\n`;
  const place = `  interface: 127.0.0.1@${await freePort()}\n  directory: "${root}"\n  username: "nobody"\n`;
  const files = `  use-syslog: no\n  chroot: ""\n  logfile: "${logfile}"\n  pidfile: "${pidfile}"\n`;
  writeFileSync(config, `server:\n${place}${files}${more}${remote}`);
  daemon.start(config);
  await daemon.until(() => hasBecomeNobody(daemon.pid) || daemon.hasEnded);
  if (daemon.hasEnded) throw new Error(`did not start:\n${daemon.log}`);
}

function hasBecomeNobody(pid = 0): boolean {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
  return new RegExp(`^Uid:\\s+${nobody?.uid}\\s+${nobody?.uid}\\s`, 'm').test(status);
}

function expectSecretUntouched(): void {
  expect(readFileSync(secret, 'utf8')).toBe(SECRET);
  expect(statSync(secret)).toMatchObject({ uid: 0, gid: 0 });
  expect(statSync(secret).mode & 0o777).toBe(0o600);
}

describe.skipIf(!IS_ROOT || nobody === null)('a daemon that starts as root', () => {
  test('logs into a file that becomes its user’s, in the user’s folder and in root’s', async () => {
    await start({ logfile: join(theirs, 'log'), pidfile: join(theirs, 'pid'), control: join(theirs, 'control') });
    expect(readFileSync(join(theirs, 'log'), 'utf8')).toContain('start of service');
    expect(readFileSync(join(theirs, 'pid'), 'utf8')).toBe(`${daemon.pid}\n`);
    for (const file of ['log', 'pid', 'control']) expect(statSync(join(theirs, file)).uid).toBe(nobody?.uid);
    daemon.kill('SIGKILL');
    await daemon.ended();
    await start({ logfile: join(root, 'log'), pidfile: join(root, 'pid'), control: join(root, 'control') });
    expect(readFileSync(join(root, 'log'), 'utf8')).toContain('start of service');
    expect(statSync(join(root, 'log')).uid).toBe(nobody?.uid);
    // The pid file says whom root stops: in root's folder it is root's. The socket is for the user's group.
    expect(statSync(join(root, 'pid'))).toMatchObject({ uid: 0 });
    expect(statSync(join(root, 'control'))).toMatchObject({ uid: 0, gid: nobody?.gid });
    expect(statSync(join(root, 'control')).mode & 0o777).toBe(0o660);
  });

  test('appends to no file of root’s through a link in the place of the log, and gives it to nobody', async () => {
    symlinkSync(secret, join(theirs, 'log'));
    await start({ logfile: join(theirs, 'log') });
    expectSecretUntouched();
    expect(daemon.log).toMatch(/warning: cannot open the log: .*root does not/);
  });

  test('meets links in the place of folders, for log, pid file and socket', async () => {
    const etc = join(root, 'etc');
    mkdirSync(etc);
    writeFileSync(join(etc, 'log'), SECRET, { mode: 0o600 });
    symlinkSync(etc, join(theirs, 'folder'));
    const inFolder = (file: string): string => join(theirs, 'folder', file);
    await start({ logfile: inFolder('log'), pidfile: inFolder('pid') });
    expect(readdirSync(etc)).toEqual(['log']);
    expect(readFileSync(join(etc, 'log'), 'utf8')).toBe(SECRET);
    expect(statSync(join(etc, 'log')).uid).toBe(0);
    expect(daemon.log).toMatch(/error: cannot write pidfile /);
  });

  test('writes no pid into a file of root’s through a link, and gives it to nobody', async () => {
    symlinkSync(secret, join(theirs, 'pid'));
    await start({ pidfile: join(theirs, 'pid') });
    expectSecretUntouched();
    expect(lstatSync(join(theirs, 'pid'))).toMatchObject({ uid: nobody?.uid });
    expect(lstatSync(join(theirs, 'pid')).isSymbolicLink()).toBe(false);
  });
});

describe.skipIf(!IS_ROOT || nobody === null)('files of a root that stays root', () => {
  test('are written beside, under names that nobody can put a link under before', () => {
    const path = join(theirs, 'zone');
    symlinkSync(secret, `${path}.${process.pid}.tmp`);
    symlinkSync(secret, path);
    expect(createNodeFiles().replaceAtomically(path, 'new\n')).toMatchObject({ ok: true });
    expectSecretUntouched();
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
  });

  test('take no set-user-id, and no permissions of what a link names', () => {
    const [bit, link] = [join(theirs, 'bit'), join(theirs, 'link')];
    writeFileSync(bit, '');
    chmodSync(bit, 0o4755);
    symlinkSync(bit, link);
    for (const path of [bit, link]) createNodeFiles().replaceAtomically(path, '#!/bin/sh\n');
    expect(statSync(bit).mode & 0o7777).toBe(0o755);
    expect(statSync(link).mode & 0o7777).toBe(0o644);
  });

  test('are not appended to through symbolic or hard links', () => {
    symlinkSync(secret, join(theirs, 'log'));
    linkSync(secret, join(theirs, 'second'));
    const log = createNodeLog();
    const target = { syslog: false, identity: 'x', time: 'epoch', hasThreadId: false, isJson: false } as const;
    for (const file of ['log', 'second']) {
      expect(log.configure({ ...target, file: join(theirs, file) })).toMatch(/ELOOP|more than one name/);
      expect(createNodeFiles().append(join(theirs, file), 'x\n')).toMatchObject({ ok: false });
    }
    log.close();
    expectSecretUntouched();
  });

  test('among them the keys of the control channel: a link is replaced, not written into', async () => {
    for (const file of ['unbound_server.pem', 'unbound_control.pem']) symlinkSync(secret, join(theirs, file));
    await run(join(BIN, 'hawser-control-setup'), ['-r', '-d', theirs]);
    expectSecretUntouched();
    expect(lstatSync(join(theirs, 'unbound_server.pem')).isSymbolicLink()).toBe(false);
    expect(readFileSync(join(theirs, 'unbound_server.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});

describe.skipIf(!IS_ROOT || nobody === null)('a safe path', () => {
  test('leads through folders and links of root’s alone', () => {
    symlinkSync(join(root, 'other'), join(root, 'link'));
    expect(rootOnlyPath(join(root, 'new'))).toBe(join(root, 'new'));
    expect(rootOnlyPath(join(root, 'link'))).toBe(join(root, 'other'));
    expect(rootOnlyPath(join(theirs, 'new'))).toBe(null);
    expect(rootOnlyPath(join(root, 'gone', 'new'))).toBe(null);
    expect(rootOnlyPath(join(tmpdir(), 'new'))).toBe(null);
    symlinkSync(join(root, 'loop'), join(root, 'loop'));
    expect(rootOnlyPath(join(root, 'loop'))).toBe(null);
    if (nobody !== null) asUser(nobody, () => symlinkSync(root, join(theirs, 'back')));
    expect(rootOnlyPath(join(theirs, 'back', 'new'))).toBe(null);
  });

  test('is not held up by a FIFO', async () => {
    await run('mkfifo', [join(theirs, 'fifo')]);
    expect(() => openForAppending(join(theirs, 'fifo'), nobody)).toThrow();
  });

  test('is written to by root at once, where the user could not make a file', () => {
    const asked = vi.spyOn(process, 'seteuid');
    const files = createNodeFiles(() => nobody);
    expect(files.replaceAtomically(join(root, 'pid'), '1\n', 0o644).ok).toBe(true);
    expect(asked).not.toHaveBeenCalled();
    expect(files.replaceAtomically(join(theirs, 'pid'), '1\n', 0o644).ok).toBe(true);
    expect(asked.mock.calls).toEqual([[nobody?.uid], [0]]);
    asked.mockRestore();
    expect([statSync(join(root, 'pid')).uid, statSync(join(theirs, 'pid')).uid]).toEqual([0, nobody?.uid]);
  });

  test('rights come back after a call as a user, one that throws too', () => {
    if (nobody === null) return;
    const ids = () => [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];
    const before = ids();
    expect(asUser(nobody, () => process.geteuid?.())).toBe(nobody.uid);
    expect(() => asUser(nobody, () => readFileSync(secret))).toThrow('EACCES');
    expect(ids()).toEqual(before);
  });
});
