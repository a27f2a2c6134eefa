/**
 * Proves with real servers and programs what is told of trust anchors: to the root (RFC 8145), to clients (RFC 8509,
 * trustanchor.unbound), to operators (list_anchors, log, statistics, doctor); and that resolv.conf is installed and undone.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why =
  process.getuid?.() === 0
    ? whyNotHere(['nsd', 'dig', 'ip', 'nft', 'unshare', 'unbound-control', ...SIGNER_PROGRAMS])
    : 'needs root, for mounts';

interface Ended {
  readonly status: number;
  readonly text: string;
}

interface Seen {
  readonly answer: string;
  readonly isTrusted: string;
  readonly isNotTrusted: string;
  readonly signals: number;
  readonly anchorText: string;
  readonly hidden: string;
  readonly list: Ended;
  readonly listByUnbound: Ended;
  readonly statistics: readonly string[];
  readonly doctor: Ended;
  readonly doctorJson: string;
  readonly tags: { readonly trusted: number; readonly other: number };
  readonly log: readonly string[];
  readonly file: Readonly<Record<string, string>>;
  readonly link: Readonly<Record<string, string>>;
}

describe.skipIf(why !== null)(`trust anchors of a root with two keys ${why ?? ''}`, () => {
  let seen = {} as Seen;

  beforeAll(() => {
    seen = JSON.parse(runInNamespace('trust-session.ts', [], 110_000));
  }, 120_000);

  test('the root is told which keys are trusted (RFC 8145), and clients may find out (RFC 8509)', () => {
    expect(seen.answer).toBe('NOERROR AD');
    expect(seen.signals).toBeGreaterThan(0);
    // A key tag that is not trusted: "is trusted" fails, "is not trusted" is answered.
    expect([seen.isTrusted, seen.isNotTrusted]).toEqual(['SERVFAIL', 'NOERROR AD']);
  });

  test('trustanchor.unbound names the key, until hide-trustanchor', () => {
    expect(seen.anchorText).toBe(`". ${seen.tags.trusted}"`);
    expect(seen.hidden).toBe('REFUSED');
  });

  test('list_anchors shows states and warnings, to both control programs alike', () => {
    const { trusted, other } = seen.tags;
    expect(seen.list.status).toBe(0);
    expect(seen.listByUnbound).toEqual(seen.list);
    expect(seen.list.text).toMatch(/^\.\t\S+root\.key\tlast-success 20\S+Z\tlast-probe 20\S+Z\tnext-probe 20\S+Z\n/);
    expect(seen.list.text).toMatch(new RegExp(`\\tDNSKEY ${trusted} algorithm 13\\tvalid\\tsince 20`));
    expect(seen.list.text).toMatch(new RegExp(`\\tDNSKEY ${other} algorithm 13\\tadd-pend\\tsince 20`));
    expect(seen.list.text).toContain(`warning: the zone announces key ${other}, which is not trusted here yet\n`);
    expect(seen.list.text).toContain(`warning: key ${other} of the root is newer than the anchors of this release`);
  });

  test('the log says the same once, and statistics count it', () => {
    const about = seen.log.filter((line) => line.includes('not trusted here yet'));
    expect(about).toEqual([expect.stringContaining(`the zone announces key ${seen.tags.other}`)]);
    const values = Object.fromEntries(seen.statistics.map((line) => line.split('=')));
    expect(Number(values['num.anchor.unknown_keys'])).toBeGreaterThan(0);
    expect(Number(values['num.anchor.old_release'])).toBeGreaterThan(0);
  });

  test('the daemon examines its host over the control channel', () => {
    expect(seen.doctor.status).toBe(1);
    expect(seen.doctor.text).toMatch(/^error the host has faults:\nok {6}UDP port 53: /);
    expect(seen.doctor.text).toContain('ok      service: this Hawser is running.');
    const { checks } = JSON.parse(seen.doctorJson) as { checks: { id: string; level: string }[] };
    expect(checks.find(({ id }) => id === 'root')?.level).toBe('ok');
  });

  test('a resolv.conf that is a file is checked, written once, and put back', () => {
    const { file } = seen;
    const right =
      '# Written by hawser resolvconf install.\nnameserver 127.0.0.1\noptions edns0 trust-ad timeout:3\nsearch example.org\n';
    expect(file.check).toMatch(
      /^FAILURE [\s\S]*192\.0\.2\.1, which does not validate[\s\S]*rc=1\nsearch example\.org\nnameserver 192\.0\.2\.1\n/,
    );
    expect(file.install).toContain(`rc=0\n${right}`);
    expect(file['check again']).toMatch(/^ok [\s\S]*\nok [\s\S]*rc=0\n/);
    expect(file['install again']).toMatch(/is right already\nrc=0\n/);
    expect(file.undo).toMatch(/rc=0\nsearch example\.org\nnameserver 192\.0\.2\.1\noptions rotate timeout:3\n/);
    expect(file['undo again']).toMatch(/there is no .*\nrc=1\n/);
  });

  test('a resolv.conf that is a link of systemd-resolved is replaced itself, and put back as a link', () => {
    const { link } = seen;
    expect(link.check).toMatch(/127\.0\.0\.53, which is systemd-resolved[\s\S]*rc=1\n/);
    expect(link.install).toMatch(
      /systemd-resolved writes this file\.[\s\S]*rc=0\n[\s\S]*nameserver 127\.0\.0\.1\n[\s\S]*at -rw-r--r--/,
    );
    expect(link['install again']).toMatch(/is right already\nrc=0\n/);
    expect(link.undo).toMatch(
      /rc=0\nnameserver 127\.0\.0\.53\nat lrwx.* -> stub\/systemd\/resolve\/stub-resolv\.conf\n/,
    );
  });
});
