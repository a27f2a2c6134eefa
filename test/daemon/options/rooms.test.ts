/** Proves what the rooms are told by a configuration: addresses, access, zones, anchors and hints, and their findings. */

import { describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { parseConfigText } from '../../../src/config/load-config.ts';
import { anchorTexts, readInputs } from '../../../src/daemon/inputs.ts';
import {
  cacheSizes,
  fitTables,
  type HostFacts,
  iterateOptions,
  serveOptions,
  serverOptions,
  validateOptions,
} from '../../../src/daemon/options/rooms.ts';
import { BUILT_IN_HINTS } from '../../../src/iterate/root-hints.ts';
import { FakeFiles } from '../../fake/fake-files.ts';

const HOST: HostFacts = {
  hostName: 'host.example',
  programVersion: 'hawser 1',
  addressesOf: (name) => (name === 'eth0' ? ['192.0.2.1', '2001:db8::1'] : []),
};
const DS = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

function configOf(text: string): Config {
  const loaded = parseConfigText(text, 'test.conf');
  if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join());
  return loaded.config;
}

describe('where to listen', () => {
  const addresses = (text: string): string[] =>
    serverOptions(configOf(text), HOST).interfaces.map(({ ip, port }) => `${ip}@${port}`);

  test('is this host by default', () => {
    expect(addresses('')).toEqual(['127.0.0.1@53', '::1@53']);
    expect(addresses('server:\nport: 5353\ndo-ip6: no')).toEqual(['127.0.0.1@5353']);
  });

  test('may name ports, interfaces and an address twice', () => {
    const text = 'server:\ninterface: 127.0.0.1@5300\ninterface: eth0\ninterface: 192.0.2.1\ninterface: eth1@54';
    expect(addresses(text)).toEqual(['127.0.0.1@5300', '192.0.2.1@53', '2001:db8::1@53']);
    expect(addresses('server:\ninterface: eth0\ndo-ip4: no')).toEqual(['2001:db8::1@53']);
  });
});

describe('the sizes of caches', () => {
  const config = configOf('server:\nmsg-cache-size: 2g\nrrset-cache-size: 4g');
  const GIB = 1024 ** 3;

  test('stay what they are in a heap that holds them', () => {
    expect(cacheSizes(config, 64 * GIB)).toMatchObject({
      sizes: { messages: 2 * GIB, rrsets: 4 * GIB },
      warning: null,
    });
  });

  test('are made smaller in proportion in a heap that does not, and a sentence says so', () => {
    const { sizes, warning } = cacheSizes(config, 2 * GIB);
    expect(sizes.rrsets / sizes.messages).toBeCloseTo(2, 5);
    // What full caches take is three quarters of what the heap may.
    expect((sizes.rrsets + 2 * sizes.messages + sizes.keys + sizes.denials) * 1.2).toBeLessThanOrEqual(1.5 * GIB);
    expect(sizes.rrsets).toBeGreaterThan(0.25 * GIB);
    expect(warning).toMatch(
      /more than there is beside V8's heap of 2048 MiB .*: msg-cache-size is \d+m and rrset-cache-size \d+m$/,
    );
  });

  test('of the defaults fit the smallest heap that the launcher gives', () => {
    expect(cacheSizes(configOf(''), 64 * 1024 ** 2).warning).toBe(null);
  });
});

describe('tables in the heap', () => {
  const MIB = 1024 * 1024;

  test('stay what they are where it holds them, and the defaults fit the smallest that the launcher gives', () => {
    const config = configOf('server:\ninfra-cache-numhosts: 100000');
    expect(fitTables(config, 1024 * MIB)).toEqual({ config, warning: null });
    expect(fitTables(configOf(''), 64 * MIB).warning).toBe(null);
  });

  test('are made smaller in proportion where it does not, and a sentence says so', () => {
    const config = configOf('server:\ninfra-cache-numhosts: 10000000\nratelimit-size: 1g\nip-ratelimit-size: 2g');
    const { config: fitted, warning } = fitTables(config, 512 * MIB);
    const { infraCacheNumhosts, ratelimitSize, ipRatelimitSize } = fitted.server;
    expect(infraCacheNumhosts * 1000 + ratelimitSize + ipRatelimitSize).toBeLessThan(0.4 * 512 * MIB);
    expect(ipRatelimitSize / ratelimitSize).toBeCloseTo(2, 3);
    expect(infraCacheNumhosts).toBeGreaterThan(10_000);
    expect(warning).toMatch(
      /more than they may have of V8's heap of 512 MiB .*: infra-cache-numhosts is \d+, ratelimit-size \d+m/,
    );
  });
});

describe('times', () => {
  test('a least one above the longest is none, for data and for denials', () => {
    const text =
      'server:\ncache-min-ttl: 3600\ncache-max-ttl: 60\ncache-min-negative-ttl: 900\ncache-max-negative-ttl: 30';
    const options = iterateOptions(configOf(text), { hints: [], tlsAuthorities: null });
    expect(options).toMatchObject({ minTtl: 60, maxTtl: 60, minNegativeTtl: 30, maxNegativeTtl: 30 });
  });
});

describe('a network interface', () => {
  const optionsOf = (text: string) =>
    serverOptions(configOf(text), {
      ...HOST,
      addressesOf: (name) => (name === 'eth0' ? ['192.0.2.1', 'fe80::1%eth0'] : []),
    });

  test('has link-local addresses with their zone, and its sockets are known by it', () => {
    expect(optionsOf('server:\ninterface: eth0').interfaces).toEqual([
      { ip: '192.0.2.1', port: 53, from: 'eth0' },
      { ip: 'fe80::1%eth0', port: 53, from: 'eth0' },
    ]);
  });

  test('that has no address is told, and waited for only when that is asked for', () => {
    const missing = { missing: ['eth1'], networkInterfaces: ['eth0', 'eth1'], waitsForAddresses: false };
    expect(optionsOf('server:\ninterface: eth0\ninterface: eth1')).toMatchObject(missing);
    for (const directive of ['ip-freebind', 'ip-transparent']) {
      const bindForeign = directive.replace('ip-', '');
      expect(optionsOf(`server:\n${directive}: yes`)).toMatchObject({ waitsForAddresses: true, bindForeign });
    }
    expect(optionsOf('server:\nip-freebind: yes\nip-transparent: yes')).toMatchObject({ bindForeign: 'transparent' });
  });
});

describe('interface-automatic', () => {
  const all = ['127.0.0.1', '192.0.2.1', 'fe80::1', '2001:db8::1'];
  const host = { ...HOST, allAddresses: () => all };
  const addresses = (text: string): string[] =>
    serverOptions(configOf(text), host).interfaces.map(({ ip, port }) => `${ip}@${port}`);

  test('listens on each address of the host, whatever interface says', () => {
    const text = 'server:\ninterface: 192.0.2.9\ninterface-automatic: yes';
    expect(addresses(text)).toEqual(['127.0.0.1@53', '192.0.2.1@53', '2001:db8::1@53']);
    expect(addresses(`${text}\ndo-ip6: no\ninterface-automatic-ports: "53 54"`)).toEqual([
      '127.0.0.1@53',
      '127.0.0.1@54',
      '192.0.2.1@53',
      '192.0.2.1@54',
    ]);
  });
});

describe('what serving is told', () => {
  test('who may ask, and what is told about us', () => {
    const text =
      'server:\naccess-control: 10.0.0.0/8 allow\nhide-version: yes\nnsid: ascii_here\nedns-tcp-keepalive: yes';
    const options = serveOptions(configOf(text), HOST, ['. 20326']);
    expect(options.access).toEqual([{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 8, action: 'allow' }]);
    expect(options.chaos).toEqual({ identity: 'host.example', version: null, trustAnchors: ['. 20326'] });
    expect(options.nsid).toEqual(new TextEncoder().encode('here'));
    expect(options.keepaliveMs).toBe(120_000);
    expect(serveOptions(configOf(''), HOST, []).extendedErrors).toBe(true);
  });
});

describe('what validation is told', () => {
  test('the time to check signatures at', () => {
    expect(validateOptions(configOf('')).signatureTime).toEqual({ kind: 'clock' });
    expect(validateOptions(configOf('server:\nval-override-date: "-1"')).signatureTime).toEqual({ kind: 'ignored' });
    expect(validateOptions(configOf('server:\nval-override-date: "20201021000000"')).signatureTime).toEqual({
      kind: 'fixed',
      unixSeconds: 1_603_238_400,
    });
  });
});

describe('trust anchors', () => {
  const textsOf = (text: string, files = new FakeFiles()) => {
    const inputs = readInputs(configOf(text), files);
    return { anchors: anchorTexts(inputs.anchors), findings: inputs.findings.map((finding) => finding.text) };
  };

  test('are the built-in ones of the root when none is configured', () => {
    expect(textsOf('')).toEqual({ anchors: ['. 20326 38696'], findings: [] });
  });

  test('are the configured ones alone when there are any', () => {
    expect(textsOf(`server:\ntrust-anchor: "${DS.replace(/^\./, 'example.')}"`).anchors).toEqual(['example. 20326']);
  });

  test('are none without validator', () => {
    expect(textsOf('server:\nmodule-config: "iterator"')).toEqual({ anchors: [], findings: [] });
  });

  test('are none, with a warning, when other servers stand in the place of the root', () => {
    const { anchors, findings } = textsOf('stub-zone:\nname: "."\nstub-addr: 192.0.2.1');
    expect(anchors).toEqual([]);
    expect(findings).toEqual([expect.stringContaining('not validated')]);
  });

  test('come from files, whose faults are findings', () => {
    const files = new FakeFiles();
    files.replaceAtomically('/etc/unbound/root.key', `${DS}\n`);
    files.replaceAtomically('/etc/unbound/bad.key', `; ok\n. IN DS nonsense\n`);
    expect(textsOf('server:\ntrust-anchor-file: "root.key"', files).anchors).toEqual(['. 20326']);
    const bad = readInputs(configOf('server:\ntrust-anchor-file: "/etc/unbound/bad.key"'), files);
    expect(bad.findings).toMatchObject([{ file: '/etc/unbound/bad.key', line: 2, severity: 'error' }]);
    const missing = readInputs(configOf('server:\nauto-trust-anchor-file: "gone.key"'), files);
    expect(missing.findings).toMatchObject([{ file: '/etc/unbound/gone.key', severity: 'error' }]);
    expect(missing.anchors).toEqual([]);
  });
});

describe('root hints', () => {
  test('are built in, or the file that is named', () => {
    const files = new FakeFiles();
    files.replaceAtomically('/etc/unbound/hints', '. NS a.test.\na.test. A 192.0.2.1\n');
    files.replaceAtomically('/etc/unbound/empty', '; nothing\n');
    expect(readInputs(configOf(''), files).hints).toBe(BUILT_IN_HINTS);
    expect(readInputs(configOf('server:\nroot-hints: "hints"'), files).hints).toMatchObject([
      { addresses: ['192.0.2.1'] },
    ]);
    expect(readInputs(configOf('server:\nroot-hints: "empty"'), files).findings).toMatchObject([{ severity: 'error' }]);
  });
});
