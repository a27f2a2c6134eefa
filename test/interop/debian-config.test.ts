/** Proves that Hawser takes Unbound's place on Debian with the package's own configuration, unchanged. */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const missing = whyNotHere(
  ['dig', 'ip', 'unbound-control', 'unshare'],
  [
    '/etc/unbound/unbound.conf',
    '/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf',
    '/usr/share/dns/root.key',
  ],
);
const why = missing ?? (process.getuid?.() === 0 ? null : 'needs root: port 53 and the user unbound');

interface Ended {
  readonly status: number;
  readonly out: string;
}

interface Session {
  readonly isItself: boolean;
  readonly user: string;
  readonly ip6: string;
  readonly anchor: string;
  readonly localhost: string;
  readonly status: Ended;
  readonly option: Ended;
  readonly reload: Ended;
  readonly afterReload: string;
  readonly keyOwner: string;
  readonly stop: Ended;
  readonly exit: number;
  readonly hasPid: boolean;
  readonly log: string;
}

describe.skipIf(why !== null)(`Debian's configuration ${why ?? ''}`, () => {
  let session: Session;
  beforeAll(() => {
    session = JSON.parse(runInNamespace('debian-config-session.ts', [], 60_000)) as Session;
  }, 70_000);

  test('starts without a warning about any of its lines', () => {
    expect(session.log).toContain('start of service');
    expect(session.log).not.toMatch(/unbound\.conf\S*:\d+/);
    expect(session.isItself).toBe(true);
  });

  test('gives up root for the user of the package, who keeps the anchor file', () => {
    expect(session.user).toBe('unbound');
    expect(session.keyOwner).toBe('unbound');
  });

  test('serves both loopback addresses with the anchor of the package', () => {
    expect(session.ip6).toContain('hawser');
    expect(session.anchor).toContain('20326');
    expect(session.localhost).toBe('127.0.0.1\n');
  });

  test('is run by unbound-control without arguments', () => {
    expect(session.status).toMatchObject({ status: 0, out: expect.stringContaining('is running...') });
    expect(session.option).toEqual({ status: 0, out: '/var/lib/unbound/root.key\n' });
  });

  test('reloads as that user, and stops cleanly', () => {
    expect(session.reload).toEqual({ status: 0, out: 'ok\n' });
    expect(session.afterReload).toBe('127.0.0.1\n');
    expect(session.stop).toEqual({ status: 0, out: 'ok\n' });
    expect(session.exit).toBe(0);
    expect(session.hasPid).toBe(false);
  });
});
