/**
 * Proves that the page's generator makes what `hawser tlsa` makes: same records and same warnings, for certificates, chains,
 * requests and keys of each kind, whatever the form says; and that it says what is wrong with octets that are none.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createNodeCertificates } from '../../src/adapters/node-certificates.ts';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { recordsText, serviceOwner } from '../../src/dane/make-record.ts';
import { makeTlsas } from '../../src/dane/make-tlsa.ts';
import { tlsaRdata } from '../../src/dane/tlsa-record.ts';
import { type Generated, generateTlsa, type TlsaForm } from '../../src/page/generate.ts';
import { Buffer as OctetBuffer } from '../../src/page/octet-buffer.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { fileOf, NOW } from '../dane/certificates.ts';

const FORM: TlsaForm = {
  current: new Uint8Array(),
  next: null,
  host: 'mx.example.test',
  port: 25,
  protocol: 'tcp',
  usage: 3,
  selector: 1,
  matchingType: 1,
  ttl: 3600,
  form: 'zone',
  now: NOW,
};

/** What `hawser tlsa` makes of the same form. */
async function command({ current, next, host, port, protocol, ttl, form, ...wish }: TlsaForm): Promise<unknown> {
  const contents = next === null ? [current] : [current, next];
  const read = await Promise.all(contents.map((content) => createNodeCertificates().readFile(content)));
  const materials = read.filter((one) => one !== null);
  const owner = serviceOwner(host, port, protocol);
  if (owner === null || materials.length < read.length) return null;
  const made = makeTlsas(materials, { ...wish, host, isMail: port === 25 }, createNodeCrypto());
  if (typeof made === 'string') return { ok: false, why: made };
  const records = made.tlsas.map((tlsa) => ({ owner, ttl, type: TYPE.TLSA, rdata: tlsaRdata(tlsa) }));
  return { ok: true, text: recordsText(records, form), warnings: made.warnings };
}

function withoutFacts(generated: Generated): unknown {
  if (!generated.ok) return generated;
  const { facts, ...rest } = generated;
  expect(facts.length).toBeGreaterThan(0);
  return rest;
}

const ALL = [0, 1, 2, 3].flatMap((usage) =>
  [0, 1].flatMap((selector) => [0, 1, 2].map((matchingType) => ({ usage, selector, matchingType }))),
);
const FILES = [
  'leaf.pem',
  'leaf.key',
  'leaf.csr',
  'fullchain.pem',
  'expired.pem',
  'root.pem',
  'weak-rsa.pem',
  'imposter.pem',
];

describe.each(FILES)('%s', (file) => {
  test('gives the records and warnings of `hawser tlsa`, whatever is wished', async () => {
    for (const wish of ALL) {
      for (const place of [{}, { port: 443, host: 'other.test' }]) {
        const form = { ...FORM, ...wish, ...place, current: fileOf(file) };
        expect(withoutFacts(await generateTlsa(form)), JSON.stringify({ wish, place })).toEqual(await command(form));
      }
    }
  });
});

const KEYS: Readonly<Record<string, () => { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>> = {
  'RSA 2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA 1024': () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
};

describe.each(Object.entries(KEYS))('a key %s', (kind, makeKeys) => {
  const { privateKey, publicKey } = makeKeys();
  const old = kind.startsWith('RSA') ? 'pkcs1' : 'sec1';
  const forms: Readonly<Record<string, Uint8Array>> = {
    'PKCS #8': Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    'PKCS #8, DER': privateKey.export({ type: 'pkcs8', format: 'der' }),
    public: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    'public, DER': publicKey.export({ type: 'spki', format: 'der' }),
    ...(kind === 'Ed25519' ? {} : { old: Buffer.from(privateKey.export({ type: old, format: 'pem' })) }),
  };

  test.each(Object.entries(forms))('%s', async (_, octets) => {
    const form = { ...FORM, current: new Uint8Array(octets), matchingType: 2 };
    expect(withoutFacts(await generateTlsa(form))).toEqual(await command(form));
  });
});

test('a private key without its public half gives the same', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const { d = '' } = privateKey.export({ format: 'jwk' });
  const inner = Buffer.concat([Buffer.from('3025020101 0420'.replace(' ', ''), 'hex'), Buffer.from(d, 'base64url')]);
  const head = Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d0301070427', 'hex');
  const bare = Buffer.concat([head, inner]);
  const public_ = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  const made = await generateTlsa({ ...FORM, current: new Uint8Array(bare) });
  expect(made).toEqual(await generateTlsa({ ...FORM, current: public_ }));
  expect(made.ok).toBe(true);
});

test('the next key comes second, and every form of output is that of the command', async () => {
  for (const form of ['zone', 'generic', 'nsupdate'] as const) {
    const whole = { ...FORM, current: fileOf('leaf.pem'), next: fileOf('root.pem'), form };
    const made = await generateTlsa(whole);
    expect(withoutFacts(made)).toEqual(await command(whole));
    expect(made.ok && made.text.match(/TLSA|TYPE52/g)?.length).toBeGreaterThan(1);
  }
});

describe('says what is wrong', () => {
  const encrypted = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' },
  }).privateKey;
  const leaf = new TextDecoder().decode(fileOf('leaf.pem'));
  test.each([
    ['nothing', '', 'neither certificate, request nor key'],
    ['other text', 'hello', 'neither certificate, request nor key'],
    ['a PEM text without its end', leaf.slice(0, 200), 'not whole'],
    ['an encrypted key', encrypted, 'encrypted'],
    ['a certificate cut short', leaf.replace(/\n[^\n]+\n-----END/, '\n-----END'), 'cannot be read'],
    ['parameters alone', '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----', 'neither'],
  ])('%s', async (_, text, why) => {
    const made = await generateTlsa({ ...FORM, current: new TextEncoder().encode(text) });
    expect(made).toEqual({ ok: false, why: expect.stringContaining(why) });
  });

  test.each([
    ['no host', { host: '' }, 'host is needed'],
    ['no name', { host: 'a..b' }, 'not a host'],
    ['no port', { port: 70_000 }, 'not a host, port'],
    ['no TTL', { ttl: -1 }, 'not a TTL'],
    ['a next key that is none', { next: new Uint8Array(3) }, 'next: '],
  ])('%s', async (_, more, why) => {
    const made = await generateTlsa({ ...FORM, current: fileOf('leaf.pem'), ...more });
    expect(made).toEqual({ ok: false, why: expect.stringContaining(why) });
  });

  test('of octets changed at random, without ever throwing', async () => {
    const der = Buffer.from(leaf.replace(/-----[^-]+-----/g, ''), 'base64');
    for (let at = 0; at < der.length; at++) {
      const changed = new Uint8Array(der);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(typeof (await generateTlsa({ ...FORM, current: changed })).ok).toBe('boolean');
    }
  });
});

test("the browser's Buffer writes octets as Node's does", () => {
  const octets = Uint8Array.of(0, 1, 127, 128, 255);
  for (const form of ['hex', 'base64', 'latin1'] as const) {
    const text = Buffer.from(octets).toString(form);
    const own = OctetBuffer.from(octets.buffer, octets.byteOffset, octets.length);
    expect(own.toString(form)).toBe(text);
    expect([...OctetBuffer.from(text, form)]).toEqual([...octets]);
  }
});
