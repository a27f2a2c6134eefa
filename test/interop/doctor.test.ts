/** Proves that the doctor finds each fault of a host that really has it, names it alone where it stands alone, and finds none on a host that is well. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, SHARED, whyNotHere } from './programs.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const why =
  process.getuid?.() === 0 || !existsSync(FAKETIME)
    ? whyNotHere(
        ['nsd', 'dig', 'ip', 'nft', 'postconf', 'unshare'],
        [FAKETIME, join(SHARED, 'real-root/root-2020101902.zone.gz')],
      )
    : 'needs root, for mounts';

interface Report {
  readonly status: number;
  readonly faults: readonly {
    readonly id: string;
    readonly level: string;
    readonly cause: string;
    readonly remedy: string | null;
  }[];
}

/** Each case: the exit status and the checks that must not be ok, with the words of one cause. */
const CASES: readonly (readonly [name: string, status: number, faults: readonly string[], words: RegExp])[] = [
  ['clock fast', 1, ['failure clock', 'warning anchor', 'failure root'], /at least 6 years fast/],
  ['clock slow', 1, ['failure clock', 'failure root'], /at least 50 years slow/],
  ['anchor folder of another', 1, ['failure anchor'], /'nobody' may not write/],
  ['anchor missing', 1, ['failure anchor', 'failure root'], /cannot be read/],
  ['anchor read-only', 1, ['failure anchor'], /may not write in/],
  ['anchor old', 0, ['warning anchor'], /106 days ago/],
  ['second resolver', 1, ['failure resolvers'], /127\.0\.0\.8, which does not validate/],
  ['no trust-ad', 1, ['failure resolv-conf', 'failure ad'], /lacks 'options trust-ad'/],
  [
    'stub first',
    1,
    ['failure resolv-conf', 'failure resolvers', 'failure ad'],
    /127\.0\.0\.53, which is systemd-resolved/,
  ],
  [
    'first does not validate',
    1,
    ['failure resolv-conf', 'failure resolvers', 'failure ad'],
    /answers without the AD bit/,
  ],
  ['dane without dnssec', 1, ['failure postfix'], /smtp_dns_support_level is ''/],
  ['no dane', 0, ['warning postfix'], /TLSA records are not used/],
  ['native lookup', 1, ['failure postfix'], /smtp_host_lookup is 'native'/],
  ['few files', 0, ['warning limits'], /256 files may be open/],
  ['large cache', 0, ['warning limits'], /caches may grow to/],
  ['another program', 1, ['failure listener', 'failure resolv-conf'], /nsd.* answers at 198\.41\.0\.4 port 53/],
  ['nobody listens', 1, ['failure listener', 'failure resolv-conf'], /Hawser is not running/],
  ['large fragments', 0, ['warning size'], /edns-buffer-size is 4096/],
  ['old copy', 1, ['failure copies'], /Postfix reads in its chroot, says something else/],
  ['TCP blocked', 1, ['failure tcp'], /no root server answers over TCP port 53/],
  ['UDP blocked', 1, ['failure udp'], /over IPv4 no root server answers over UDP port 53/],
  ['UDP blocked for IPv6', 0, ['warning ip6'], /nothing comes back over it/],
  ['no IPv6 route', 0, ['warning ip6'], /has no IPv6 route/],
];

describe.skipIf(why !== null)(`hawser doctor ${why ?? ''}`, () => {
  let reports: Record<string, Report> = {};

  beforeAll(() => {
    reports = JSON.parse(runInNamespace('doctor-session.ts', [], 280_000));
  }, 300_000);

  const faultsOf = (name: string): string[] =>
    reports[name]?.faults.map(({ id, level }) => `${level} ${id}`) ?? ['no report'];

  test('finds nothing on a host that is well', () => {
    expect(reports.well).toEqual({ status: 0, faults: [] });
  });

  test.each(CASES)('%s', (name, status, faults, words) => {
    expect(faultsOf(name)).toEqual(faults);
    expect(reports[name]?.status).toBe(status);
    expect(reports[name]?.faults.map(({ cause }) => cause).join('\n')).toMatch(words);
    expect(reports[name]?.faults.filter(({ remedy }) => remedy === null)).toEqual([]);
  });

  test('large answers that get lost', () => {
    expect(faultsOf('large UDP lost')).toContain('warning size');
  });

  test('somebody who answers everything', () => {
    expect(faultsOf('interceptor')).toEqual(expect.arrayContaining(['failure interception', 'warning signatures']));
    expect(reports.interceptor?.faults.find(({ id }) => id === 'interception')?.cause).toMatch(
      /192\.0\.2\.53, which no host has/,
    );
  });

  test('a forwarder that leaves signatures out', () => {
    expect(faultsOf('forwarder without signatures')).toEqual(
      expect.arrayContaining(['failure signatures', 'failure root']),
    );
  });
});
