/** Proves that files in memory and on disk keep the files port's contract. */

import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeFiles } from '../../src/adapters/node-files.ts';
import type { Files } from '../../src/ports/files.ts';
import { FakeFiles } from '../fake/fake-files.ts';

const SIDES: readonly (readonly [string, () => Files])[] = [
  ['fake', () => new FakeFiles()],
  ['node', createNodeFiles],
];

describe.each(SIDES)('the files port on the %s side', (_name, makeFiles) => {
  let folder = '';
  let files: Files;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hawser-files-'));
    files = makeFiles();
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);

  test('calls a missing file missing', () => {
    const read = files.readText(at('absent'));
    expect(read.ok ? 'read' : read.error.kind).toBe('missing');
    expect(files.exists(at('absent'))).toBe(false);
    const removed = files.remove(at('absent'));
    expect(removed.ok ? 'removed' : removed.error.kind).toBe('missing');
  });

  test('reads back what it wrote, as text and as octets, after the second writing too', () => {
    expect(files.replaceAtomically(at('a'), 'one\n').ok).toBe(true);
    expect(files.replaceAtomically(at('a'), 'zwölf\n', 0o600).ok).toBe(true);
    expect(files.readText(at('a'))).toEqual({ ok: true, value: 'zwölf\n' });
    const bytes = files.readBytes(at('a'));
    expect(bytes.ok && bytes.value.length).toBe(7);
    expect(files.exists(at('a'))).toBe(true);
  });

  test('tells a file from itself only while nothing has changed', () => {
    expect(files.identity(at('absent'))).toBeNull();
    files.replaceAtomically(at('a'), 'one\n');
    const before = files.identity(at('a'));
    files.readText(at('a'));
    expect(before).not.toBeNull();
    expect(files.identity(at('a'))).toEqual(before);
    files.replaceAtomically(at('a'), 'two\n');
    expect(files.identity(at('a'))?.text).not.toBe(before?.text);
  });

  test('replaces a file beside other work, with its permissions, and leaves no other behind', async () => {
    files.replaceAtomically(at('zone'), 'old\n', 0o600);
    const writing = files.replaceInBackground(at('zone'), new TextEncoder().encode('new\n'));
    expect(await writing).toEqual({ ok: true, value: undefined });
    expect(files.readText(at('zone'))).toEqual({ ok: true, value: 'new\n' });
    expect(files.glob(at('*'))).toEqual([at('zone')]);
  });

  test('reads a private file, and nothing that others have rights to', async () => {
    files.replaceAtomically(at('mine'), 'secret', 0o600);
    const octets = new TextEncoder().encode('secret');
    expect(files.readPrivate(at('mine'), 6)).toEqual({ ok: true, value: octets });
    expect(await files.readPrivateInBackground(at('mine'), 6)).toEqual({ ok: true, value: octets });
    expect(files.readPrivate(at('mine'), 5).ok).toBe(false);
    expect((await files.readPrivateInBackground(at('mine'), 5)).ok).toBe(false);
    expect((await files.replaceInBackground(at('later'), octets, 0o600)).ok).toBe(true);
    expect(files.readPrivate(at('later'), 6).ok).toBe(true);
    for (const mode of [0o640, 0o604]) {
      files.replaceAtomically(at('shared'), 'secret', mode);
      const read = files.readPrivate(at('shared'), 6);
      expect(read.ok ? 'read' : read.error.text).toContain('chmod 600');
      expect((await files.readPrivateInBackground(at('shared'), 6)).ok).toBe(false);
    }
    const missing = files.readPrivate(at('absent'), 6);
    expect(missing.ok ? 'read' : missing.error.kind).toBe('missing');
  });

  test('leaves no other file behind', () => {
    files.replaceAtomically(at('only'), Uint8Array.of(1, 2, 3));
    expect(files.glob(at('*'))).toEqual([at('only')]);
  });

  test('appends, making the file where it is missing', () => {
    expect(files.append(at('log'), 'a\n').ok).toBe(true);
    expect(files.append(at('log'), 'b\n').ok).toBe(true);
    expect(files.readText(at('log'))).toEqual({ ok: true, value: 'a\nb\n' });
  });

  test('finds files by pattern, sorted; none is no error', () => {
    for (const name of ['b.conf', 'a.conf', 'c.txt']) files.replaceAtomically(at(name), '');
    expect(files.glob(at('*.conf'))).toEqual([at('a.conf'), at('b.conf')]);
    expect(files.glob(at('*.key'))).toEqual([]);
  });

  test('reads no more than is asked for, and nothing of a file that is larger', () => {
    files.replaceAtomically(at('seven'), 'seven!\n');
    expect(files.readText(at('seven'), 7)).toEqual({ ok: true, value: 'seven!\n' });
    const read = files.readText(at('seven'), 6);
    expect(read.ok ? 'read' : read.error.text).toBe('file too large (at most 6 octets)');
    files.replaceAtomically(at('none'), '');
    expect(files.readText(at('none'))).toEqual({ ok: true, value: '' });
  });

  test('does not walk down a tree for **', () => {
    files.replaceAtomically(at('a.conf'), '');
    expect(files.glob(join(folder, '..', '**', 'a.conf'))).toContain(at('a.conf'));
    expect(files.glob(join(folder, '..', '..', '**', 'a.conf'))).not.toContain(at('a.conf'));
  });

  test('removes', () => {
    files.replaceAtomically(at('gone'), 'x');
    expect(files.remove(at('gone')).ok).toBe(true);
    expect(files.exists(at('gone'))).toBe(false);
  });
});

describe('on disk, what is no file is told and neither read nor waited for', () => {
  const files = createNodeFiles();
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hawser-files-'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    symlinkSync('/dev/zero', join(folder, 'link'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([
    ['/dev/zero', 'a device, not a file'],
    ['link', 'a device, not a file'],
    ['pipe', 'a pipe, not a file'],
    ['.', 'a folder, not a file'],
  ])('%s is %s', (path, text) => {
    const read = files.readText(resolve(folder, path));
    expect(read.ok ? 'read' : read.error.text).toBe(text);
  });

  test('a private file is none of a link, a folder, or another user', async () => {
    files.replaceAtomically(join(folder, 'mine'), 'x', 0o600);
    symlinkSync(join(folder, 'mine'), join(folder, 'to-mine'));
    for (const path of ['to-mine', '.']) {
      expect(files.readPrivate(join(folder, path), 10).ok).toBe(false);
      expect((await files.readPrivateInBackground(join(folder, path), 10)).ok).toBe(false);
    }
    if (process.geteuid?.() !== 0) return;
    chownSync(join(folder, 'mine'), 65_534, 65_534);
    const read = files.readPrivate(join(folder, 'mine'), 10);
    expect(read.ok ? 'read' : read.error.text).toBe('it belongs to another user (uid 65534)');
    const nobodys = createNodeFiles(() => ({ name: 'nobody', uid: 65_534, gid: 65_534 }));
    expect(nobodys.readPrivate(join(folder, 'mine'), 10).ok).toBe(true);
  });

  test('a file of /proc says no size and is read to its end', () => {
    const read = files.readText('/proc/self/status');
    expect(read.ok && read.value.startsWith('Name:')).toBe(true);
    const bounded = files.readText('/proc/self/status', 10);
    expect(bounded.ok).toBe(false);
  });
});

test('what a process has left that listened on a path is removed, and nothing else that stands there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-sockets-'));
  const files = createNodeFiles();
  const [left, file, link] = [join(folder, 'left'), join(folder, 'file'), join(folder, 'link')];
  // Ended without a word, so that its socket stays.
  const listen = `require('net').createServer().listen(${JSON.stringify(left)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listen]);
  expect(files.exists(left)).toBe(true);
  files.replaceAtomically(file, 'a configuration');
  symlinkSync(file, link);
  for (const path of [left, file, link, join(folder, 'absent')]) files.removeSocket(path);
  expect([left, file, link].map((path) => files.exists(path))).toEqual([false, true, true]);
  rmSync(folder, { recursive: true });
});
