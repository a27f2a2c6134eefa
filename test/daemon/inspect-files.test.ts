/** Proves that the check program finds in the files that a configuration names what the daemon finds when it starts. */

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { tlsFault } from '../../src/adapters/node-tls.ts';
import { findingText } from '../../src/config/finding.ts';
import { pemOf, writeCertificate } from '../../src/control/certificate.ts';
import { controlSetup } from '../../src/daemon/control-view.ts';
import { inspectFiles } from '../../src/daemon/inspect-files.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { configOf } from '../config/config-data.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const CASES: readonly (readonly [string, string, string])[] = [
  ['a bad trust anchor', 'server:\n trust-anchor-file: /bad', '. IN DS nonsense\n'],
  ['a bad state of anchors', 'server:\n auto-trust-anchor-file: /bad', '. 1 IN DNSKEY nonsense\n'],
  ['bad root hints', 'server:\n root-hints: /bad', '. NS\n'],
  ['a bad zone', 'auth-zone:\n name: a\n zonefile: /bad', 'a. 60 IN SOA nonsense\n'],
  ['a bad secret of cookies', 'server:\n cookie-secret-file: /bad', 'nonsense\n'],
];

describe('a file with a fault', () => {
  test.each(CASES)(
    '%s is refused by the daemon and told by the check program, file and line',
    async (_, text, content) => {
      const ports = makeFakePorts();
      ports.files.replaceAtomically('/bad', content);
      const config = configOf(text);
      const assembled = await assemble({ config, ports: { ...ports, crypto: createNodeCrypto() } });
      expect(assembled.ok).toBe(false);
      const errors = inspectFiles(config, ports.files, tlsFault).filter(({ severity }) => severity === 'error');
      expect(errors[0]).toMatchObject({ file: '/bad' });
    },
  );
});

/** A key and a certificate of it. */
function makeKeys(): { readonly key: string; readonly certificate: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha1').update(spki).digest();
  const fields = { commonName: 'unbound', issuerName: 'unbound', serial: Uint8Array.of(1), isAuthority: true };
  const times = { notBefore: 1_767_225_600, notAfter: 1_967_225_600 };
  const certificate = writeCertificate(
    { ...fields, ...times, publicKey: spki, keyId, issuerKeyId: keyId },
    (data) => new Uint8Array(sign('sha256', data, privateKey)),
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, certificate: pemOf('CERTIFICATE', certificate) };
}

describe('the keys of the control channel', () => {
  const { key, certificate } = makeKeys();
  const other = makeKeys().certificate;
  const damaged = (pem: string): string => pem.replace(/^.*\n.*\n/, (lines) => `${lines}*?\n`);
  const cases: readonly (readonly [string, string | null, string | null, string | null])[] = [
    ['that fit', key, certificate, null],
    ['with text before them', `a key\n${key}`, `a certificate\n${certificate}`, null],
    ['that are empty', '', certificate, '/key:1: error: server-key-file: there is no private key in PEM form'],
    ['that are not there', null, certificate, 'error: server-key-file: cannot read /key: '],
    ['with no certificate', key, key, '/pem:1: error: server-cert-file: there is no certificate in PEM form'],
    ['with a damaged line', damaged(key), certificate, '/key:3: error: server-key-file: this is not base64'],
    ['that are cut off', key, certificate.slice(0, 300), '/pem:1: error: server-cert-file: its last line is missing'],
    [
      'with nonsense in PEM form',
      `\n${pemOf('PRIVATE KEY', Uint8Array.of(1))}`,
      certificate,
      '/key:2: error: server-key-file: ',
    ],
    [
      'with a certificate of nonsense',
      key,
      pemOf('CERTIFICATE', Uint8Array.of(1)),
      '/pem:1: error: server-cert-file: ',
    ],
    [
      'that do not belong together',
      key,
      other,
      '/key:1: error: server-key-file: it is not the key of server-cert-file',
    ],
  ];

  test.each(cases)('%s are checked alike by the daemon and the check program', (_, keyText, pemText, expected) => {
    const { files } = makeFakePorts();
    if (keyText !== null) files.replaceAtomically('/key', keyText);
    if (pemText !== null) files.replaceAtomically('/pem', pemText);
    const config = configOf(
      // One place without TLS beside one with it.
      'remote-control:\n control-enable: yes\n control-interface: /run/x\n control-interface: 127.0.0.1\n server-key-file: /key\n server-cert-file: /pem',
    );
    const setup = controlSetup(config, files, tlsFault);
    const checked = inspectFiles(config, files, tlsFault).map(findingText);
    expect(setup.ok ? [] : setup.findings.map(findingText)).toEqual(checked);
    if (expected === null) expect(checked).toEqual([]);
    else expect(checked).toEqual([expect.stringContaining(expected)]);
  });
});
