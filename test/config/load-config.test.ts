/** Whole files: what the typed configuration holds, and every finding at once with file and line. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { loadConfig, parseConfigText } from '../../src/config/load-config.ts';
import { isValidating } from '../../src/config/modules.ts';
import { allKeywords } from '../../src/config/options-table.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { configOf, dataFiles, findingsOf, linesOf } from './config-data.ts';

/** Findings about support change as directives get done; report-support.test.ts has its own. */
const isAboutText = (line: string): boolean => !/has no effect here|is not supported/.test(line);

describe('loading', () => {
  test('an empty file gives the defaults', () => {
    expect(configOf('')).toEqual(defaultConfig());
    expect(defaultConfig().server).toMatchObject({ port: 53, maxUdpSize: 1232, ede: true, cacheMaxTtl: 86400 });
  });

  test('the layout of distributions loads, with warnings only', () => {
    const loaded = loadConfig(dataFiles(), 'packaged/main.conf');
    expect(loaded.ok && loaded.config.server.autoTrustAnchorFile).toEqual(['/var/lib/unbound/root.key']);
    expect(loaded.ok && loaded.config.remoteControl).toMatchObject({
      controlEnable: true,
      controlInterface: [{ kind: 'path', target: '/run/unbound.ctl', port: null }],
    });
  });

  test('a mail host gets what it set, typed', () => {
    const loaded = loadConfig(dataFiles(), 'mail-host.conf');
    if (!loaded.ok) throw new Error(linesOf(loaded).join('\n'));
    expect(loaded.warnings).toEqual([]);
    const { server, stubZones, forwardZones } = loaded.config;
    expect(server.interface).toEqual([
      { kind: 'address', target: '127.0.0.1', port: null },
      { kind: 'address', target: '::1', port: 5353 },
    ]);
    expect(server.accessControl.map(({ value }) => value)).toEqual(['allow', 'refuse']);
    expect(server.rrsetCacheSize).toBe(64 * 1024 * 1024);
    expect(server.domainInsecure).toEqual([mustParseName('lan.example.')]);
    expect(server.targetFetchPolicy).toEqual([3, 2, 1, 0, 0]);
    expect(stubZones).toMatchObject([
      { name: mustParseName('lan.example.'), stubAddr: [{ ip: '192.0.2.53', port: 5300 }], stubPrime: false },
    ]);
    expect(forwardZones).toMatchObject([{ forwardTcpUpstream: true, forwardAddr: [{ ip: '192.0.2.54', port: null }] }]);
  });

  test('every kind of clause and value is understood', () => {
    const loaded = loadConfig(dataFiles(), 'everything.conf');
    if (!loaded.ok) throw new Error(linesOf(loaded).join('\n'));
    const { server, remoteControl, authZones, views } = loaded.config;
    expect(server).toMatchObject({ verbosity: 3, port: 5300, hideVersion: true, tlsPort: 8853, fakeSha1: true });
    expect(server.interface).toEqual([{ kind: 'interface', target: 'eth0', port: 53 }]);
    expect(server.identity).toBe('a \\" b');
    expect(server.capsExempt).toEqual([mustParseName('example.net.')]);
    expect(server.valOverrideDate).toEqual({ kind: 'fixed', unixSeconds: 1543580275 });
    expect(server.localZone).toMatchObject([{ value: 'inform' }]);
    expect(authZones).toMatchObject([
      { primary: [{ kind: 'address', ip: '192.0.2.9', port: 53, tlsName: null }], zonefile: 'zone.example.zone' },
    ]);
    expect(views).toMatchObject([{ name: 'inside' }]);
    expect(remoteControl.controlUseCert).toBe(false);
    expect(isValidating(loaded.config)).toBe(true);
    expect(linesOf(loaded).filter(isAboutText)).toMatchSnapshot();
  });

  test('every mistake is found at once, at its line', () => {
    const loaded = loadConfig(dataFiles(), 'mistakes.conf');
    expect(loaded.ok).toBe(false);
    expect(linesOf(loaded).filter(isAboutText)).toMatchSnapshot();
  });

  test('a file that is not there is one finding', () => {
    expect(linesOf(loadConfig(new FakeFiles(), '/absent.conf'))).toEqual([
      'error: Could not open /absent.conf: No such file or directory',
    ]);
  });

  test('of two stub zones with one name the last counts', () => {
    const zone = (ip: string) => `stub-zone:\n name: X.example\n stub-addr: ${ip}\n`;
    expect(configOf(zone('192.0.2.1') + zone('192.0.2.2')).stubZones).toMatchObject([
      { stubAddr: [{ ip: '192.0.2.2' }] },
    ]);
    expect(findingsOf(zone('192.0.2.1') + zone('192.0.2.2'))).toEqual([
      'test.conf:1: warning: duplicate stub-zone X.example. ignored: the last one counts',
    ]);
  });

  test('of two auth zones with one name lists are joined, and the first says the rest', () => {
    const zone = (n: number) => `auth-zone:\n name: x.example\n primary: 192.0.2.${n}\n zonefile: z${n}\n`;
    expect(configOf(zone(1) + zone(2)).authZones).toMatchObject([
      { primary: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], zonefile: 'z1' },
    ]);
    expect(findingsOf(zone(1) + zone(2)).filter(isAboutText)).toEqual([
      'test.conf:5: warning: duplicate auth-zone x.example. only adds to the lists of the first one',
    ]);
  });

  test('of two policy zones with one name the last says what the policy does', () => {
    const zone = (action: string) =>
      `rpz:\n name: x.example\n rpz-action-override: ${action}\n rpz-log-name: ${action}\n zonefile: ${action}\n`;
    expect(configOf(zone('nodata') + zone('drop')).rpzs).toMatchObject([
      { rpzActionOverride: 'drop', rpzLogName: 'drop', zonefile: 'nodata' },
    ]);
  });

  test('a thousand and more findings are counted, not kept', () => {
    const findings = findingsOf('nonsense\n'.repeat(3000));
    expect(findings).toHaveLength(1001);
    expect(findings.at(-1)).toBe('warning: 2000 more findings are not shown');
  });
});

describe('any text', () => {
  const piece = fc.oneof(
    fc.constantFrom(...allKeywords()).map((word) => `${word}:`),
    fc.constantFrom(' ', '\n', '"', "'", '\\', '#', ':', 'yes', '192.0.2.1', 'example.', '::1/64', '4m', '*'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );

  test('gives a configuration or findings, never an exception', () => {
    const files = new FakeFiles({ 'a.conf': 'server:\n include: a.conf\n' });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const loaded = parseConfigText(pieces.join(' '), 'f', files, 'files');
        expect(loaded.ok || loaded.errorCount > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
