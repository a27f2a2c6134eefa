/** Proves what a check makes of a domain: where mail goes, whose records speak, what the worst address means, what Postfix would do. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { CheckParts } from '../../src/dane/check-host.ts';
import { failedLookUp, type Looked } from '../../src/dane/look-up.ts';
import { checkMailDomain } from '../../src/dane/mail-domain.ts';
import { type CheckLines, domainLines } from '../../src/dane/report.ts';
import { checkText, nagiosLine, statusOf } from '../../src/dane/report-text.ts';
import type { TlsProbed } from '../../src/ports/tls-probe.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { parseRdata } from '../../src/wire/rdata-text.ts';
import { typeFromText } from '../../src/wire/rr-type.ts';
import { chainOf, DIGESTS, NOW } from './certificates.ts';

const chain = await chainOf('fullchain.pem');
const TLS: TlsProbed = { kind: 'tls', protocol: 'TLSv1.3', cipher: 'x', chain, pkix: null };
const PLAIN: TlsProbed = { kind: 'failed', step: 'no-starttls', text: 'no offer' };
const DOWN: TlsProbed = { kind: 'failed', step: 'connect', text: 'refused' };
const STRANGER: TlsProbed = { ...TLS, chain: await chainOf('weak-rsa.pem') };
const GOOD = `3 1 1 ${DIGESTS.leafKey}`;

/** `NAME TYPE [status]`: rdata texts; a status of bogus or failed has none; an alias is `CNAME-TO name` in front. */
type Records = Readonly<Record<string, string>>;

const MAIL: Records = {
  'a.test. MX': '10 mx.a.test.',
  'mx.a.test. A': '192.0.2.1',
  '_25._tcp.mx.a.test. TLSA': GOOD,
};

function lookedUp(records: Records, nameText: string, typeText: string): Looked {
  const name = mustParseName(nameText);
  const type = typeFromText(typeText) ?? 0;
  const entry = Object.entries(records).find(
    ([key]) => key === `${nameText} ${typeText}` || key.startsWith(`${nameText} ${typeText} `),
  );
  const status = (entry?.[0].split(' ')[2] ?? 'secure') as Looked['status'];
  if (status === 'bogus' || status === 'failed') return failedLookUp(name, status, `${status} by the test`);
  const base = { ...failedLookUp(name, 'failed', ''), status, why: status === 'secure' ? null : 'by the test' };
  if (entry === undefined) return { ...base, outcome: 'nodata' };
  const alias = /^CNAME-TO (\S+) ?/.exec(entry[1]);
  const texts = entry[1]
    .slice(alias?.[0].length ?? 0)
    .split('|')
    .filter((text) => text !== '');
  const rdatas = texts.map((text) => parseRdata(type, text)).filter((one) => one instanceof Uint8Array);
  const path = alias === null ? {} : { aliases: [name], owner: mustParseName(alias[1] ?? '') };
  return { ...base, ...path, outcome: rdatas.length > 0 ? 'data' : 'nodata', rdatas, ttl: 300 };
}

const asked: string[] = [];

async function check(records: Records, probes: Readonly<Record<string, TlsProbed>> | null = {}): Promise<CheckLines> {
  asked.length = 0;
  const parts: CheckParts = {
    lookUp: (name, type) => {
      const typeText =
        Object.entries({ A: 1, AAAA: 28, MX: 15, TLSA: 52, TXT: 16, CNAME: 5 }).find(([, one]) => one === type)?.[0] ??
        '';
      asked.push(`${formatName(name)} ${typeText}`);
      return Promise.resolve(lookedUp(records, formatName(name), typeText));
    },
    crypto: createNodeCrypto(),
    tls: probes === null ? null : { probe: ({ remote }) => Promise.resolve(probes[remote.ip] ?? TLS) },
    ask: null,
    now: NOW,
    options: { family: 'any', timeoutMs: 1000, ehlo: 'client.test', bothKeyKinds: false },
  };
  return domainLines(await checkMailDomain(parts, mustParseName('a.test.')), { now: NOW, days: 3 });
}

const verdictsOf = ({ hosts }: CheckLines): string[] => hosts.map(({ verdict }) => verdict);
const without = (key: string): Records => Object.fromEntries(Object.entries(MAIL).filter(([one]) => one !== key));

describe('where mail goes', () => {
  test('to the hosts of the MX records, the preferred first', async () => {
    const found = await check({ ...MAIL, 'a.test. MX': '20 mx.a.test.|10 mx2.a.test.', 'mx2.a.test. A': '192.0.2.2' });
    expect(found.hosts.map(({ host }) => host)).toEqual(['mx2.a.test', 'mx.a.test']);
  });

  test('to the domain itself without MX records', async () => {
    const found = await check({ 'a.test. A': '192.0.2.1', '_25._tcp.a.test. TLSA': GOOD });
    expect(found).toMatchObject({ end: 'good', mail: { isImplicit: true }, hosts: [{ host: 'a.test' }] });
  });

  test('nowhere with a null MX; a bogus MX is a fault, not its absence', async () => {
    expect(await check({ 'a.test. MX': '0 .' })).toMatchObject({
      end: 'no-dane',
      mail: { route: 'null-mx' },
      hosts: [],
    });
    expect(await check({ 'a.test. MX bogus': '' })).toMatchObject({
      end: 'failed',
      mail: { postfix: { fate: 'deferred' } },
    });
  });
});

describe('whose records speak', () => {
  test('none are asked for where the addresses are not signed', async () => {
    const found = await check({ ...without('mx.a.test. A'), 'mx.a.test. A insecure': '192.0.2.1' });
    expect(found.end).toBe('no-dane');
    expect(asked.filter((one) => one.includes('TLSA'))).toEqual([]);
  });

  test("those of an alias's target, else those of the alias (RFC 7672 §2.2.2)", async () => {
    const alias = { ...without('mx.a.test. A'), 'mx.a.test. A': 'CNAME-TO t.b.test. 192.0.2.1' };
    expect((await check(alias)).hosts[0]?.tlsa.base).toBe('mx.a.test');
    const both = { ...alias, '_25._tcp.t.b.test. TLSA': `3 1 1 ${'00'.repeat(32)}` };
    expect(await check(both)).toMatchObject({
      end: 'failed',
      hosts: [{ tlsa: { base: 't.b.test' }, verdict: 'mismatch' }],
    });
    expect(await check({ ...alias, '_25._tcp.t.b.test. TLSA bogus': '' })).toMatchObject({
      hosts: [{ verdict: 'tlsa-lookup-failed' }],
    });
  });

  test('those of the alias where only it is signed', async () => {
    const alias = { ...without('mx.a.test. A'), 'mx.a.test. A insecure': 'CNAME-TO t.b.test. 192.0.2.1' };
    expect((await check({ ...alias, 'mx.a.test. CNAME': 't.b.test.' })).end).toBe('good');
    expect((await check({ ...alias, 'mx.a.test. CNAME insecure': 't.b.test.' })).end).toBe('no-dane');
  });

  test.each(['bogus', 'failed'])('records that are %s stop the mail; unsigned ones count as none', async (status) => {
    const none = without('_25._tcp.mx.a.test. TLSA');
    expect(verdictsOf(await check({ ...none, [`_25._tcp.mx.a.test. TLSA ${status}`]: '' }))).toEqual([
      'tlsa-lookup-failed',
    ]);
    expect(verdictsOf(await check({ ...none, '_25._tcp.mx.a.test. TLSA insecure': GOOD }))).toEqual(['no-dane']);
    expect(verdictsOf(await check({ ...without('mx.a.test. A'), [`mx.a.test. A ${status}`]: '' }))).toEqual([
      'address-lookup-failed',
    ]);
  });
});

describe('the worst address counts', () => {
  const two = { ...MAIL, 'mx.a.test. AAAA': '2001:db8::1' };

  test.each([
    ['both right', TLS, 'verified', 'good'],
    ['one down', DOWN, 'verified', 'good'],
    ['one without STARTTLS', PLAIN, 'no-tls', 'failed'],
    ['one with another certificate', STRANGER, 'mismatch', 'failed'],
  ] as const)('%s', async (_what, other, verdict, end) => {
    expect(await check(two, { '2001:db8::1': other })).toMatchObject({ end, hosts: [{ verdict }] });
  });

  test('all down cannot be tested; without connecting the records are usable', async () => {
    expect(await check(MAIL, { '192.0.2.1': DOWN })).toMatchObject({
      end: 'untested',
      hosts: [{ verdict: 'unreachable' }],
    });
    expect(await check(MAIL, null)).toMatchObject({ end: 'good', hosts: [{ verdict: 'usable' }] });
  });

  test('a host without DANE beside one with it is a fault: mail can be led there', async () => {
    const mixed = { ...MAIL, 'a.test. MX': '10 mx.a.test.|20 mx2.a.test.', 'mx2.a.test. A': '192.0.2.2' };
    expect(await check(mixed)).toMatchObject({
      end: 'failed',
      hosts: [{ verdict: 'verified' }, { verdict: 'no-dane' }],
    });
  });

  test('unsigned MX records are no DANE, although the host verifies', async () => {
    const found = await check({ ...without('a.test. MX'), 'a.test. MX insecure': '10 mx.a.test.' });
    expect(found).toMatchObject({
      end: 'no-dane',
      hosts: [{ verdict: 'verified', postfix: { daneOnly: { words: 'non DNSSEC destination' } } }],
    });
  });
});

describe('what Postfix would say where TLS does not come about', () => {
  const refused: TlsProbed = { kind: 'failed', step: 'no-starttls', text: 'it answers STARTTLS with: 454 not now' };
  const broken: TlsProbed = { kind: 'failed', step: 'tls', text: 'alert' };

  test.each([
    [PLAIN, 'TLS is required, but was not offered by host mx.a.test[192.0.2.1]', 'no TLS: the mail goes in clear text'],
    [
      refused,
      'TLS is required, but host mx.a.test[192.0.2.1] refused to start TLS: 454 not now',
      'no TLS: the mail goes in clear text',
    ],
    [broken, 'Cannot start TLS: handshake failure', 'no TLS: the mail goes in clear text'],
  ] as const)('%j', async (probed, withRecords, without_) => {
    const probes = { '192.0.2.1': probed };
    const dane = async (records: Records) => (await check(records, probes)).hosts[0]?.postfix?.dane;
    expect(await dane(MAIL)).toEqual({ fate: 'deferred', words: withRecords });
    expect(await dane(without('_25._tcp.mx.a.test. TLSA'))).toEqual({ fate: 'delivered', words: without_ });
  });

  test('records that nobody can use still ask for TLS', async () => {
    const unusable = { ...without('_25._tcp.mx.a.test. TLSA'), '_25._tcp.mx.a.test. TLSA': `1 1 1 ${DIGESTS.leafKey}` };
    const dane = async (probed: TlsProbed) =>
      (await check(unusable, { '192.0.2.1': probed })).hosts[0]?.postfix?.dane.fate;
    expect([await dane(TLS), await dane(PLAIN), await dane(broken)]).toEqual(['delivered', 'deferred', 'deferred']);
  });

  test('a host that is down has its mail waiting, with and without records', async () => {
    for (const records of [MAIL, without('_25._tcp.mx.a.test. TLSA')])
      expect((await check(records, { '192.0.2.1': DOWN })).hosts[0]?.postfix?.dane).toMatchObject({ fate: 'deferred' });
  });
});

describe('what is said beside', () => {
  test('MTA-STS and TLS reports, only in their own form', async () => {
    const side = {
      '_mta-sts.a.test. TXT': '"v=STSv1; id=2026a;"',
      '_smtp._tls.a.test. TXT': '"v=TLSRPTv1; " "rua=mailto:r@a.test"',
    };
    expect((await check({ ...MAIL, ...side })).mail).toMatchObject({
      mtaSts: '2026a',
      tlsReports: ['mailto:r@a.test'],
    });
    const twice = { '_mta-sts.a.test. TXT': '"v=STSv1; id=1;"|"v=STSv1; id=2;"', '_smtp._tls.a.test. TXT': '"v=spf1"' };
    expect((await check({ ...MAIL, ...twice })).mail).toMatchObject({ mtaSts: null, tlsReports: [] });
  });

  test('text, exit status and the line for Nagios agree', async () => {
    const [good, bad] = [await check(MAIL), await check(MAIL, { '192.0.2.1': STRANGER })];
    expect(checkText(good, { explains: true })).toMatch(
      /^a\.test: DANE works\n[\s\S]*certificate 0: CN=mx\.example\.test for/,
    );
    expect([statusOf([good]), statusOf([bad]), statusOf([good, bad])]).toEqual([0, 1, 1]);
    expect([nagiosLine([good]).status, nagiosLine([good, bad]).status]).toEqual([0, 2]);
  });

  test('words of a peer cannot steer the terminal', async () => {
    const evil: TlsProbed = { kind: 'failed', step: 'protocol', text: 'it greets with: \u001b[2J\u009b' };
    const text = checkText(await check(MAIL, { '192.0.2.1': evil }), { explains: false });
    expect(text).toContain('it greets with: ?[2J?');
  });
});
