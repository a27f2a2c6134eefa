/** Proves what is taken for TLS towards clients, what is refused and with which words, and what a reload keeps. */

import { describe, expect, test } from 'vitest';
import { tlsFault } from '../../src/adapters/node-tls.ts';
import { type Finding, findingText } from '../../src/config/finding.ts';
import { inspectFiles } from '../../src/daemon/inspect-files.ts';
import { readServiceTls, type ServiceTls } from '../../src/daemon/service-tls.ts';
import { configOf } from '../config/config-data.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { makeCertificate } from '../support/certificates.ts';

const OWN = makeCertificate();
const OTHER = makeCertificate();
const HEAD =
  'server:\n interface: 127.0.0.1@853\n directory: "/f"\n tls-service-key: key.pem\n tls-service-pem: cert.pem\n';

function filesWith(more: Readonly<Record<string, string>> = {}): FakeFiles {
  return new FakeFiles({ '/f/key.pem': OWN.privateKeyPem, '/f/cert.pem': OWN.certificatePem, ...more });
}

function read(text: string, files: FakeFiles, inForce: ServiceTls | null = null) {
  const findings: Finding[] = [];
  const tls = readServiceTls(configOf(text), { files, check: tlsFault, inForce }, findings);
  return { tls, lines: findings.map(findingText) };
}

test('key, certificate, versions, ciphers and secret go together', () => {
  const lines = [
    ' tls-protocols: "TLSv1.3"',
    ' tls-ciphersuites: "TLS_AES_256_GCM_SHA384"',
    ' tls-ciphers: "ECDHE-RSA-AES256-GCM-SHA384"',
    ' tls-session-ticket-keys: "secret"',
  ];
  const { tls, lines: found } = read(HEAD + lines.join('\n'), filesWith({ '/f/secret': 's'.repeat(80) }));
  expect(found).toEqual([]);
  expect(tls?.options).toEqual({
    ...OWN,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    cipherSuites: 'TLS_AES_256_GCM_SHA384',
    ciphers: 'ECDHE-RSA-AES256-GCM-SHA384',
    ticketSecret: new TextEncoder().encode('s'.repeat(80)),
  });
});

test('of several secrets the first counts, which is said', () => {
  const files = filesWith({ '/f/new': 'n'.repeat(80), '/f/old': 'o'.repeat(80) });
  const lines = [' tls-session-ticket-keys: "new"', ' tls-session-ticket-keys: "old"'];
  const { tls, lines: found } = read(HEAD + lines.join('\n'), files);
  expect(tls?.options.ticketSecret).toEqual(new TextEncoder().encode('n'.repeat(80)));
  expect(found).toEqual([expect.stringContaining('of 2 files the first encrypts and decrypts tickets')]);
});

test('nothing is read where nothing speaks TLS', () => {
  expect(read(HEAD.replace('@853', ''), new FakeFiles())).toEqual({ tls: null, lines: [] });
});

describe('is refused by the daemon, and told by the check program:', () => {
  const cases: readonly (readonly [string, Record<string, string>, string, string])[] = [
    [
      'a key that is not the certificate’s',
      { '/f/key.pem': OTHER.privateKeyPem },
      '',
      'it is not the key of tls-service-pem',
    ],
    [
      'a key that is none',
      { '/f/key.pem': 'x' },
      '',
      '/f/key.pem:1: error: tls-service-key: there is no private key in PEM form',
    ],
    [
      'a certificate that is none',
      { '/f/cert.pem': OWN.privateKeyPem },
      '',
      '/f/cert.pem:1: error: tls-service-pem: there is no certificate in PEM form',
    ],
    ['ciphers that OpenSSL does not know', {}, ' tls-ciphers: "NO-SUCH"', 'TLS cannot be set up as configured: '],
    [
      'a secret that is too short',
      { '/f/s': 'short' },
      ' tls-session-ticket-keys: s',
      '/f/s has 5 octets, not 80 (openssl rand 80)',
    ],
    ['a secret that is not there', {}, ' tls-session-ticket-keys: s', 'cannot read /f/s: No such file'],
    [
      'a second secret that is not there',
      { '/f/s': 's'.repeat(80) },
      ' tls-session-ticket-keys: s\n tls-session-ticket-keys: t',
      'cannot read /f/t',
    ],
  ];
  test.each(cases)('%s', (_, files, line, text) => {
    const config = HEAD + line;
    const { tls, lines } = read(config, filesWith(files));
    expect(lines[0]).toContain(text);
    if (line === '') expect(tls).toBeNull();
    const inspected = inspectFiles(configOf(config), filesWith(files), tlsFault).map(findingText);
    expect(inspected.filter((each) => each.includes('error'))).toEqual(lines);
  });

  test.each(['key', 'cert'])('a missing file (%s)', (missing) => {
    const files = filesWith();
    files.remove(`/f/${missing}.pem`);
    const { tls, lines } = read(HEAD, files);
    expect(tls).toBeNull();
    expect(lines[0]).toContain(`cannot read /f/${missing}.pem: No such file or directory`);
  });
});

describe('a reload', () => {
  const inForce = (): ServiceTls => {
    const { tls } = read(HEAD, filesWith());
    if (tls === null) throw new Error('not read');
    return tls;
  };

  test('reads the files again', () => {
    const renewed = filesWith({ '/f/key.pem': OTHER.privateKeyPem, '/f/cert.pem': OTHER.certificatePem });
    expect(read(HEAD, renewed, inForce()).tls?.options).toMatchObject(OTHER);
  });

  test('goes on with the pair of before when its key has become root’s alone, and says so', () => {
    const [files, before] = [filesWith({ '/f/cert.pem': OTHER.certificatePem }), inForce()];
    files.deny('/f/key.pem');
    const { tls, lines } = read(HEAD, files, before);
    expect(tls?.options).toBe(before.options);
    expect(lines).toEqual([
      'warning: TLS goes on with the key and the certificate of before: /f/key.pem may not be read any more',
    ]);
  });

  test('refuses files that are damaged, or others that may not be read', () => {
    expect(read(HEAD, filesWith({ '/f/key.pem': OTHER.privateKeyPem }), inForce()).tls).toBeNull();
    const files = filesWith({ '/f/new.pem': OTHER.privateKeyPem });
    files.deny('/f/new.pem');
    const { tls, lines } = read(HEAD.replace('key.pem', 'new.pem'), files, inForce());
    expect([tls, lines[0]]).toEqual([null, expect.stringContaining('cannot read /f/new.pem: Permission denied')]);
  });
});
