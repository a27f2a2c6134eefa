/** Proves that the files for distributions fit each other and start where a folder is missing. Reads them; starts nothing. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const FOLDER = join(import.meta.dirname, '..', '..', 'packaging');
const unit = readFileSync(join(FOLDER, 'systemd', 'hawser.service'), 'utf8');
const rotation = readFileSync(join(FOLDER, 'logrotate'), 'utf8');

function settingOf(name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
}

describe('the unit', () => {
  test('starts on a host that lacks a folder: only /run is always there', () => {
    const paths = settingOf('ReadWritePaths').split(' ');
    expect(paths.filter((path) => !path.startsWith('-'))).toEqual(['/run']);
  });

  test('lets the daemon write where the rotated log is', () => {
    const folder = /^(\/\S+)\/[^/]+ \{$/m.exec(rotation)?.[1] ?? 'none';
    expect(settingOf('ReadWritePaths').split(' ')).toContain(`-${folder}`);
  });

  test('names one configuration, and the rotation the same', () => {
    const named = [...`${unit}${rotation}`.matchAll(/-c (\S+\.conf)/g)].map((match) => match[1]);
    expect(named).toEqual(['/etc/hawser/hawser.conf', '/etc/hawser/hawser.conf']);
  });
});

test('the rotation works as the folder’s user, who can open what it makes', () => {
  const [, user] = /^\tsu (\S+) \S+$/m.exec(rotation) ?? [];
  expect(user).toBe('hawser');
  expect(rotation).toMatch(new RegExp(`^\\tcreate 0\\d+ ${user} `, 'm'));
  // Without a control channel the signal does it.
  expect(rotation).toContain('--signal=SIGUSR1 hawser.service');
});
