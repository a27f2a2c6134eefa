/**
 * Proves that no directive is called effective without being so: setting each `done` directive to another value changes what
 * a room is told, or what happens where something runs with it: a room or a resolver (behaviours.ts), or a process of its own
 * (process-behaviours.ts).
 */

import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { camelCase } from '../../src/config/option.ts';
import { directivesOf, type OptionFacts } from '../../src/config/option-facts.ts';
import { CLAUSES, type ClauseName } from '../../src/config/options-table.ts';
import { controlSetup } from '../../src/daemon/control-view.ts';
import { readInputs } from '../../src/daemon/inputs.ts';
import { pageTargets } from '../../src/daemon/instance-page.ts';
import { holdDowns } from '../../src/daemon/join-anchors.ts';
import { readDnstap } from '../../src/daemon/join-dnstap.ts';
import { insecureNames } from '../../src/daemon/join-policy.ts';
import { cacheFileOptions } from '../../src/daemon/options/cache-file.ts';
import { clientRateOptions, zoneRateOptions } from '../../src/daemon/options/limits.ts';
import { logTarget } from '../../src/daemon/options/log.ts';
import {
  cacheSizes,
  denialOptions,
  type HostFacts,
  iterateOptions,
  resolveOptions,
  serveOptions,
  serverCacheOptions,
  serverOptions,
  validateOptions,
} from '../../src/daemon/options/rooms.ts';
import { sharedCacheOptions } from '../../src/daemon/options/shared-cache.ts';
import { zoneOptions } from '../../src/daemon/options/zones.ts';
import { rootKeyTags } from '../../src/daemon/resolver-instance.ts';
import { readServiceTls } from '../../src/daemon/service-tls.ts';
import { configNotices, metricsListeners, statisticsOptions } from '../../src/daemon/statistics.ts';
import { LocalTables } from '../../src/policy/local-tables.ts';
import { makePolicy } from '../../src/policy/make-policy.ts';
import { DEFAULT_ACCESS } from '../../src/serve/access-control.ts';
import { Counters } from '../../src/trace/counters.ts';
import { TrustAnchors } from '../../src/validate/trust-anchors.ts';
import { FakeClock } from '../fake/fake-clock.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { FakeLog } from '../fake/fake-log.ts';
import { BEHAVIOURS } from './behaviours.ts';
import { configOf } from './config-data.ts';
import { NEEDS_ROOT, PROCESS_BEHAVIOURS } from './process-behaviours.ts';

const DS = 'DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';
const HOST: HostFacts = {
  hostName: 'host.example',
  programVersion: 'hawser 1',
  addressesOf: (name) => [name],
  allAddresses: () => ['192.0.2.8'],
};
const FILES: Record<string, string> = {
  '/f/hints': '. NS a.root.\na.root. A 192.0.2.1\n',
  '/f/anchor': `example. ${DS}\n`,
  '/f/bind':
    'trusted-keys { "example." 257 3 13 "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="; };\n',
  '/f/pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  '/f/other-pem': '-----BEGIN CERTIFICATE-----\nAAAD\n-----END CERTIFICATE-----\n',
  '/f/other-key': '-----BEGIN PRIVATE KEY-----\nAAAD\n-----END PRIVATE KEY-----\n',
  '/f/key': '-----BEGIN PRIVATE KEY-----\nAAAB\n-----END PRIVATE KEY-----\n',
  '/f/ticket': 'x'.repeat(80),
  '/f/cookies': '000102030405060708090a0b0c0d0e0f\n',
  '/etc/unbound/unbound_server.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
  '/etc/unbound/unbound_server.pem': '-----BEGIN CERTIFICATE-----\nAAAC\n-----END CERTIFICATE-----\n',
  '/etc/ssl/certs/ca-certificates.crt': 'SYSTEM',
};

/** Values that the default does not lead to: by directive, or by clause and directive where one name stands in several. */
const VALUES: Record<string, string> = {
  interface: '192.0.2.9',
  backend: 'redis',
  'metrics-interface': '127.0.0.1',
  'dnstap-socket-path': '/f/tap.sock',
  'dnstap-tls-cert-bundle': '/f/other-pem',
  'dnstap-tls-client-key-file': '/f/key',
  'dnstap-tls-client-cert-file': '/f/pem',
  'web-interface': '127.0.0.1',
  'outgoing-interface': '192.0.2.9',
  'outgoing-port-permit': '1000-1001',
  'outgoing-port-avoid': '2000-2001',
  'root-hints': '/f/hints',
  'trust-anchor-file': '/f/anchor',
  'auto-trust-anchor-file': '/f/anchor',
  'trust-anchor': `"example. ${DS}"`,
  'trusted-keys-file': '/f/bind',
  'tls-cert-bundle': '/f/pem',
  'tls-service-key': '/f/key',
  'tls-service-pem': '/f/pem',
  'tls-session-ticket-keys': '/f/ticket',
  'tls-ciphers': '"ECDHE-RSA-AES256-GCM-SHA384"',
  'tls-ciphersuites': '"TLS_AES_256_GCM_SHA384"',
  'tls-protocols': '"TLSv1.3"',
  'tls-additional-port': '8853',
  'forward-tls-pin': `"${'A'.repeat(43)}="`,
  'stub-tls-pin': `"${'A'.repeat(43)}="`,
  'http-endpoint': '/other',
  'proxy-protocol-port': '5353',
  'proxy-protocol-from': '192.0.2.0/24',
  'module-config': '"iterator"',
  'val-override-date': '20260101000000',
  'val-nsec3-keysize-iterations': '"1024 10"',
  'target-fetch-policy': '"0 0"',
  'log-format': 'json',
  'interface-automatic-ports': '"53 5300"',
  nsid: 'ascii_here',
  'add-holddown': '9999999',
  'del-holddown': '9999999',
  'dns64-prefix': '64:ff9b:1::/96',
  'nat64-prefix': '64:ff9b:1::/96',
  url: 'https://example.org/zone',
  'local-zone': '"example." static',
  'local-data': '"www.example. A 192.0.2.1"',
  'local-data-ptr': '"192.0.2.1 www.example."',
  'access-control': '192.0.2.0/24 allow',
  'interface-action': '192.0.2.9 allow',
  'wait-limit-netblock': '192.0.2.0/24 5',
  'tcp-connection-limit': '192.0.2.0/24 5',
  'wait-limit-cookie-netblock': '192.0.2.0/24 5',
  'cookie-secret': '000102030405060708090a0b0c0d0e0f',
  'cookie-secret-file': '/f/cookies',
  'edns-client-string': '192.0.2.0/24 text',
  'ratelimit-for-domain': '"example." 5',
  'ratelimit-below-domain': '"example." 5',
  'server-key-file': '/f/key',
  'server-cert-file': '/f/pem',
};

/** Listens for TLS. */
const SERVES_TLS = 'interface: 127.0.0.1@853\ntls-service-key: /f/other-key\ntls-service-pem: /f/other-pem';

/** Further lines without which a directive has nothing to act on. */
const REPLICA = 'cachedb:\nredis-replica-server-host: 192.0.2.8';
const SENTINEL = 'cachedb:\nredis-sentinel: 192.0.2.7';
const OPPORTUNISTIC = 'opportunistic-tls: yes';
const CONTEXT: Record<string, string> = {
  'opportunistic-tls-persistence': OPPORTUNISTIC,
  'opportunistic-tls-damping': OPPORTUNISTIC,
  'opportunistic-tls-timeout': OPPORTUNISTIC,
  'opportunistic-tls-connections': OPPORTUNISTIC,
  backend: 'module-config: "validator cachedb iterator"',
  'redis-replica-server-port': REPLICA,
  'redis-replica-server-password': REPLICA,
  'redis-replica-timeout': REPLICA,
  'redis-replica-command-timeout': REPLICA,
  'redis-replica-connect-timeout': REPLICA,
  'redis-replica-logical-db': REPLICA,
  'redis-sentinel-name': SENTINEL,
  'redis-sentinel-password': SENTINEL,
  'nat64-prefix': 'do-nat64: yes',
  'http-notls-downstream': 'interface: 127.0.0.1@443\ntls-service-key: /f/other-key\ntls-service-pem: /f/other-pem',
  'https-port': 'interface: 127.0.0.1@443\ntls-service-key: /f/other-key\ntls-service-pem: /f/other-pem',
  'tls-port': 'quic-port: 8854\ninterface: 127.0.0.1@853\ntls-service-key: /f/other-key\ntls-service-pem: /f/pem',
  'tls-additional-port': 'interface: 127.0.0.1@8853\ntls-service-key: /f/other-key\ntls-service-pem: /f/pem',
  'forward-tls-pin': 'tls-upstream: yes',
  'forward-tls-dane': 'tls-upstream: yes',
  'stub-tls-pin': 'tls-upstream: yes',
  'proxy-protocol-port': 'interface: 127.0.0.1@5353',
  'proxy-protocol-from': 'interface: 127.0.0.1@5353\nproxy-protocol-port: 5353',
  'tls-service-key': SERVES_TLS,
  'tls-service-pem': SERVES_TLS,
  'tls-session-ticket-keys': SERVES_TLS,
  'tls-ciphers': SERVES_TLS,
  'tls-ciphersuites': SERVES_TLS,
  'fake-sha1': 'val-sha1: no',
  'interface-automatic-ports': 'interface-automatic: yes',
  'cookie-secret': 'answer-cookie: yes',
  'cookie-secret-file': 'answer-cookie: yes',
  'pad-queries-block-size': 'pad-queries: yes',
  'edns-tcp-keepalive-timeout': 'edns-tcp-keepalive: yes',
  'log-time-iso': 'log-time-ascii: yes',
  logfile: 'use-syslog: no',
  'add-holddown': 'permit-small-holddown: no',
  'permit-small-holddown': 'add-holddown: 1',
  'qname-minimisation-strict': 'qname-minimisation: yes',
  directory: 'use-syslog: no\nlogfile: log',
  'udp-upstream-without-downstream': 'do-udp: no',
};

/** All that rooms are told. */
function toldBy(config: Config): string {
  const files = new FakeFiles(FILES);
  const inputs = readInputs(config, files);
  const { policy } = makePolicy({
    config,
    clock: new FakeClock(0),
    log: new FakeLog(),
    counters: new Counters(),
    accessBlocks: [],
    defaultBlocks: DEFAULT_ACCESS,
    listenKeys: ({ target }) => [target],
    serversOf: async () => ({ names: [], addresses: [] }),
  });
  const tables = new LocalTables(policy).server;
  return inspect(
    [
      [
        inputs,
        [...tables.zones()].filter((zone) => zone !== null),
        [...tables.records()].filter((line) => line !== null),
        insecureNames(config),
      ],
      [resolveOptions(config), iterateOptions(config, inputs), validateOptions(config), serverCacheOptions(config)],
      [serveOptions(config, HOST, []), serverOptions(config, HOST), cacheSizes(config), holdDowns(config)],
      [denialOptions(config), zoneRateOptions(config), clientRateOptions(config), statisticsOptions(config)],
      [rootKeyTags(config, new TrustAnchors()), zoneOptions(config), configNotices(config)],
      [
        cacheFileOptions(config),
        logTarget(config, false),
        metricsListeners(config),
        pageTargets(config),
        controlSetup(config, files, () => null),
      ],
      [sharedCacheOptions(config)],
      [readDnstap(config, HOST.hostName, files, [])],
      [readServiceTls(config, { files, check: () => null, inForce: null }, [])?.options],
    ],
    { depth: 20, maxArrayLength: 200, maxStringLength: 2000 },
  );
}

/** The lines that every clause needs beside the directive. */
const HEADS: Partial<Record<ClauseName, string>> = {
  'remote-control': 'control-enable: yes',
  cachedb: 'secret-seed: "0123456789abcdef"',
  'stub-zone': 'name: "z."\nstub-addr: 192.0.2.1',
  'forward-zone': 'name: "z."\nforward-addr: 192.0.2.1',
  'auth-zone': 'name: "z."\nzonefile: /f/z',
  rpz: 'name: "z."\nzonefile: /f/z',
  view: 'name: "v"',
};

/** What the directive of clause `dnstap:` needs beside it. */
function dnstapLines(directive: string): string {
  const isTls = directive.startsWith('dnstap-tls');
  const lines: Record<string, string> = {
    'dnstap-enable': 'yes',
    'dnstap-log-client-query-messages': 'yes',
    'dnstap-send-identity': 'yes',
    'dnstap-send-version': 'yes',
    ...(isTls ? { 'dnstap-ip': '192.0.2.8', 'dnstap-tls-server-name': 'tap.example' } : {}),
    ...(isTls ? { 'dnstap-tls-client-key-file': '/f/key', 'dnstap-tls-client-cert-file': '/f/pem' } : {}),
  };
  return Object.entries(lines)
    .filter(([name]) => name !== directive)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

function otherValue({ clause, directive, defaultText }: OptionFacts): string {
  const given = VALUES[`${clause} ${directive}`] ?? VALUES[directive];
  if (given !== undefined) return given;
  if (defaultText === 'yes' || defaultText === 'no') return defaultText === 'yes' ? 'no' : 'yes';
  if (!/^\d+$/.test(defaultText)) return '192.0.2.9';
  const number = Number(defaultText);
  return String(number <= 1 ? number + 1 : number - 1);
}

/** Two files that differ in one value: not set and set, or, for the name of a clause, one and another. */
function textsOf(facts: OptionFacts): readonly [string, string] {
  if (facts.directive === 'name') {
    const text = textOf(facts, '');
    return [text, text.replace('name: "z."', 'name: "y."')];
  }
  if (facts.directive === 'control-enable') return ['', 'remote-control:\ncontrol-enable: yes'];
  return [textOf(facts, ''), textOf(facts, `${facts.directive}: ${otherValue(facts)}`)];
}

function textOf(facts: OptionFacts, line: string): string {
  const { clause, directive } = facts;
  const context = CONTEXT[directive] ?? '';
  const head = clause === 'server' ? '' : `server:\n${context}\n`;
  return `${head}${clause}:\n${clause === 'dnstap' ? dnstapLines(directive) : (HEADS[clause] ?? '')}\n${clause === 'server' ? context : ''}\n${line}\n`;
}

const isRoot = process.getuid?.() === 0;
const effective = (Object.keys(CLAUSES) as ClauseName[])
  .flatMap(directivesOf)
  .filter(({ level, aliasOf }) => level === 'done' && aliasOf === null)
  .filter(({ directive }) => isRoot || !NEEDS_ROOT.has(directive));

describe('an effective directive', () => {
  test.each(effective.map((facts) => [`${facts.clause} ${facts.directive}`, facts] as const))(
    '%s',
    async (key, facts) => {
      const behaviour = BEHAVIOURS[key] ?? BEHAVIOURS[facts.directive] ?? PROCESS_BEHAVIOURS[facts.directive];
      if (behaviour !== undefined) {
        const [without, withIt] = [await behaviour.seen(''), await behaviour.seen(behaviour.line)];
        expect(withIt, `nothing happens in another way with ${behaviour.line}`).not.toBe(without);
        return;
      }
      const [plain, changed] = textsOf(facts).map((text) => toldBy(configOf(text)));
      expect(changed === plain, `nothing that rooms are told changes with ${camelCase(facts.directive)}`).toBe(false);
    },
  );
});
