/** What directives mean together: the contradictions that unbound-checkconf reports, and some that it does not. */

import { describe, expect, test } from 'vitest';
import { findingsOf } from './config-data.ts';

const STORE =
  'server:\nmodule-config: "validator cachedb iterator"\ncachedb:\nbackend: redis\nsecret-seed: "0123456789abcdef"\n';

const cases: readonly (readonly [string, string, string])[] = [
  [
    'no address family',
    'server:\ndo-ip4: no\ndo-ip6: no',
    'test.conf:3: error: ip4 and ip6 are both disabled, pointless',
  ],
  ['no transport', 'server:\ndo-udp: no\ndo-tcp: no', 'test.conf:3: error: udp and tcp are both disabled, pointless'],
  [
    'no ports',
    'server:\noutgoing-port-avoid: 0-65535',
    'test.conf:2: error: no outgoing ports are left: all are avoided',
  ],
  [
    'one place twice',
    'server:\ninterface: 127.0.0.1\ninterface: 127.0.0.1@53',
    'test.conf:3: error: interface: 127.0.0.1 present twice, cannot bind same ports twice.',
  ],
  [
    'a port that is none',
    'server:\ninterface-automatic: yes\ninterface-automatic-ports: "53 853x"',
    "test.conf:3: error: interface-automatic-ports: port expected, not '853x'",
  ],
  [
    'a policy zone with an action that is none',
    'rpz:\nname: r.example\nrpz-action-override: ""',
    'test.conf:3: error: rpz-action-override: an action expected',
  ],
  [
    'a page beyond this host',
    'server:\nweb-interface: 127.0.0.1@8153\nweb-interface: ::1\nweb-interface: 192.0.2.1',
    'test.conf:4: error: web-interface: 192.0.2.1 is not of loopback: reach the page through ssh -L',
  ],
  [
    'a page on every address',
    'server:\nweb-interface: 0.0.0.0',
    'test.conf:2: error: web-interface: 0.0.0.0 is not of loopback',
  ],
  [
    'a store whose secret everybody knows',
    'server:\nmodule-config: "validator cachedb iterator"\ncachedb:\nbackend: redis',
    'test.conf:4: error: cachedb: secret-seed must be set, the same on all hosts',
  ],
  [
    'a store whose secret is the default, written out',
    'server:\nmodule-config: "cachedb iterator"\ncachedb:\nbackend: redis\nsecret-seed: "default"',
    'test.conf:5: error: cachedb: secret-seed must be set, the same on all hosts',
  ],
  [
    'a store whose secret can be guessed',
    'server:\nmodule-config: "validator cachedb iterator"\ncachedb:\nbackend: redis\nsecret-seed: "short"',
    'test.conf:5: warning: cachedb: secret-seed has less than 16 octets',
  ],
  [
    'a store of another kind',
    'server:\nmodule-config: "validator cachedb iterator"\ncachedb:\nbackend: memcached',
    "test.conf:4: error: cachedb: backend: 'memcached' is not available, redis is",
  ],
  [
    'a store that keeps nothing',
    'server:\nmodule-config: "validator cachedb iterator"\ncachedb:\nbackend: testframe',
    'test.conf:4: warning: cachedb: backend: testframe keeps nothing',
  ],
  [
    'a store that is not used',
    'cachedb:\nbackend: redis',
    'test.conf:2: warning: cachedb: is not used: module-config does not list it before iterator',
  ],
  [
    'a store before the validator',
    'server:\nmodule-config: "cachedb validator iterator"',
    "test.conf:2: error: module conf 'cachedb validator iterator' is not known to work",
  ],
  [
    'sentinels and a cluster',
    `${STORE}redis-sentinel: 192.0.2.1\nredis-cluster: 192.0.2.2`,
    'test.conf:7: error: cachedb: either redis-sentinel or redis-cluster',
  ],
  [
    'a replica beside sentinels',
    `${STORE}redis-sentinel: 192.0.2.1\nredis-replica-server-host: 192.0.2.2`,
    'test.conf:7: error: cachedb: no replica beside redis-sentinel or redis-cluster',
  ],
  [
    'a database of a cluster',
    `${STORE}redis-cluster: 192.0.2.1\nredis-logical-db: 2`,
    'test.conf:7: error: cachedb: a cluster has no logical database but 0',
  ],
  [
    'a sentinel that is none',
    `${STORE}redis-sentinel: 192.0.2.1@70000`,
    "test.conf:6: error: redis-sentinel: address or name[@port] expected, not '192.0.2.1@70000'",
  ],
  [
    'a cache file in the place of another file',
    'server:\nauto-trust-anchor-file: "/k"\ncache-file: "/k"',
    'test.conf:3: error: cache-file: "/k" is the file of auto-trust-anchor-file, or has its key there',
  ],
  [
    'a cache file whose key would replace another file',
    'server:\ndirectory: "/d"\nlogfile: "c.key"\ncache-file: "/d/c"',
    'test.conf:4: error: cache-file: "/d/c" is the file of logfile, or has its key there',
  ],
  [
    'a cache file in the place of the pid file, within a chroot',
    'server:\nchroot: "/r"\npidfile: "/r/p"\ncache-file: "/p"',
    'test.conf:4: error: cache-file: "/r/p" is the pidfile, or has its key there',
  ],
  [
    'a cache file that is written all the time',
    'server:\ncache-file: "/c"\ncache-file-interval: 5',
    'test.conf:3: error: 0, or a number from 10 on expected',
  ],
  [
    'an unknown module',
    'server:\nmodule-config: "foo iterator"',
    `test.conf:2: error: module_conf lists module 'foo' but that module is not available.`,
  ],
  [
    'modules in the wrong order',
    'server:\nmodule-config: "iterator validator"',
    `test.conf:2: error: module conf 'iterator validator' is not known to work: "validator iterator" or "iterator" expected`,
  ],
  [
    'a module that distributions list',
    'server:\nmodule-config: "subnetcache validator iterator"',
    `test.conf:2: warning: module-config lists module 'subnetcache', which has no effect here`,
  ],
  ['a trust anchor that is no record', 'server:\ntrust-anchor: "foo"', 'test.conf:2: error: error in trust-anchor: '],
  [
    'a trust anchor that is no key',
    'server:\ntrust-anchor: "a. A 192.0.2.1"',
    'test.conf:2: error: error in trust-anchor: a DS or DNSKEY record expected: "a. A 192.0.2.1"',
  ],
  [
    'a reverse record without name',
    'server:\nlocal-data-ptr: "192.0.2.1"',
    'test.conf:2: error: local-data-ptr: name expected',
  ],
  [
    'a reverse record without address',
    'server:\nlocal-data-ptr: "foo a."',
    `test.conf:2: error: local-data-ptr: cannot parse ip address 'foo'`,
  ],
  [
    'a zone twice',
    'server:\nlocal-zone: a. inform\nlocal-zone: A inform',
    'test.conf:3: warning: duplicate local-zone A.',
  ],
  ['a view twice', 'view:\nname: v\nview:\nname: v', 'test.conf:3: error: duplicate view: v'],
  [
    'a view that is not there',
    'server:\naccess-control-view: ::1 v',
    'test.conf:2: error: cannot find view for access-control-view: v',
  ],
  [
    'a tag that is not defined',
    'server:\ndefine-tag: "a"\naccess-control-tag: ::1 "a c"',
    'test.conf:3: error: unknown tag: c could not parse tags, (define-tag them first)',
  ],
  [
    'a port that clients take for encrypted',
    'server:\ninterface: 192.0.2.1@853\ntls-service-key: k',
    'test.conf:2: error: interface 192.0.2.1@853: DNS over TLS (tls-port) needs tls-service-key and tls-service-pem',
  ],
  [
    'the usual port moved to where TLS is spoken',
    'server:\nport: 8853\ntls-additional-port: 8853',
    'test.conf:2: error: port: DNS over TLS (tls-port) needs tls-service-key and tls-service-pem',
  ],
  [
    'a port of HTTPS among the automatic ones, without a key',
    'server:\ninterface-automatic: yes\ninterface-automatic-ports: "53 443"',
    'test.conf:3: error: interface-automatic-ports: DNS over HTTPS (https-port) needs tls-service-key and',
  ],
  [
    'a port of HTTPS that is one of TLS too',
    'server:\ninterface: ::1@853\nhttps-port: 853\ntls-service-key: k\ntls-service-pem: c',
    'test.conf:2: error: interface ::1@853: port 853 cannot be both tls-port and https-port',
  ],
  [
    'an endpoint that is no path',
    'server:\nhttp-endpoint: "dns-query"',
    "test.conf:2: error: http-endpoint: 'dns-query' must begin with /",
  ],
  [
    'a TLS version that is too old',
    'server:\ntls-protocols: "TLSv1.1 TLSv1.2"',
    "test.conf:2: error: tls-protocols: 'TLSv1.1 TLSv1.2' must be of TLSv1.2 and TLSv1.3",
  ],
  [
    'no TLS version at all',
    'server:\ntls-protocols: ""',
    "test.conf:2: error: tls-protocols: '' must be of TLSv1.2 and TLSv1.3",
  ],
  [
    'QUIC at a port of its own',
    'server:\nquic-port: 8853\ninterface: ::1@8853',
    'test.conf:3: error: interface ::1@8853: DNS over QUIC (quic-port) is not supported, and port 8853 would answer',
  ],
  [
    'a key that nothing uses',
    'server:\ntls-service-key: k\ntls-service-pem: c',
    'test.conf:2: warning: tls-service-key has no effect: nothing listens at tls-port or https-port',
  ],
  [
    'TLS without TCP',
    'server:\ninterface: ::1@853\ntls-service-key: k\ntls-service-pem: c\nincoming-num-tcp: 0',
    'test.conf:5: warning: incoming-num-tcp: without TCP nobody is answered over TLS',
  ],
  [
    'a port of a proxy at which nothing listens',
    'server:\nproxy-protocol-port: 5353',
    'test.conf:2: warning: proxy-protocol-port 5353 has no effect: nothing listens at it',
  ],
  [
    'proxies without a port of theirs',
    'server:\nproxy-protocol-from: 192.0.2.0/24',
    'test.conf:2: warning: proxy-protocol-from has no effect without proxy-protocol-port',
  ],
  [
    'keys by TLSA records in plain',
    'forward-zone:\nname: a\nforward-addr: 192.0.2.1#b.example\nforward-tls-dane: yes',
    'test.conf:4: error: forward-tls-dane: without forward-tls-upstream: yes resolvers are asked unencrypted',
  ],
  [
    'keys by TLSA records of a resolver without a name',
    'forward-zone:\nname: a\nforward-tls-upstream: yes\nforward-addr: 192.0.2.1\nforward-tls-dane: yes',
    'test.conf:4: error: forward-addr: 192.0.2.1 needs the name of its TLSA records after # (forward-tls-dane)',
  ],
  [
    'keys by TLSA records that nobody validates',
    'server:\nmodule-config: "iterator"\nforward-zone:\nname: a\nforward-tls-upstream: yes\nforward-tls-dane: yes',
    'test.conf:6: error: forward-tls-dane: module-config does not list validator, so that no record is proven',
  ],
  [
    'a key for servers that are asked unencrypted',
    `forward-zone:\nname: a\nforward-addr: 192.0.2.1\nforward-tls-pin: "${'A'.repeat(43)}="`,
    'test.conf:4: error: a. forward-tls-pin: without forward-tls-upstream: yes servers are asked unencrypted',
  ],
  [
    'a key that is none',
    'stub-zone:\nname: a\nstub-addr: 192.0.2.1\nstub-tls-upstream: yes\nstub-tls-pin: "AAAA"',
    "test.conf:5: error: stub-tls-pin: not a SHA-256 digest in base64: 'AAAA'",
  ],
  [
    'a tag that is not defined, of a policy zone',
    'rpz:\nname: r\ntags: "typo"',
    'test.conf:3: error: unknown tag: typo',
  ],
  [
    'an override of a zone that is not there',
    'server:\nlocal-zone-override: a. 192.0.2.0/24 refuse',
    'test.conf:2: error: local-zone-override: no local-zone a.',
  ],
  [
    'data for answers without a rule',
    'view:\nname: v\nresponse-ip-data: 192.0.2.1/32 "A 192.0.2.9"',
    `test.conf:3: error: response-ip-data 'A 192.0.2.9': no response-ip for 192.0.2.1/32`,
  ],
  [
    'a server on loopback that may not be asked',
    'forward-zone:\nname: "."\nforward-addr: 127.0.0.1@5053',
    `test.conf:3: warning: forward-addr: '127.0.0.1@5053' is specified for forward-zone: '.', but do-not-query-localhost`,
  ],
  [
    'what it costs when stripped zones are let pass',
    'server:\nharden-dnssec-stripped: no',
    'test.conf:2: warning: harden-dnssec-stripped: no: whoever leaves',
  ],
  [
    'names that are not ASCII',
    'server:\nlocal-zone: "münchen.example" refuse',
    `test.conf:2: warning: 'münchen.example' is taken octet by octet: programs ask for the form that begins with xn--`,
  ],
  [
    'a bad primary, with its line',
    'auth-zone:\nname: a\nprimary: "two words"',
    `test.conf:3: error: primary: bad primary: 'two words'`,
  ],
  [
    'a digest that is too short',
    'server:\nlocal-zone: example static\nlocal-data: "a.example DS 1 8 2 aabb"',
    `test.conf:3: error: error parsing local-data 'a.example DS 1 8 2 aabb': a digest of that type has 32 octets`,
  ],
  [
    'a stub zone without servers',
    'stub-zone:\nname: a.',
    'test.conf:1: warning: stub-zone a. has neither stub-addr nor stub-host',
  ],
  [
    'a clause with a bad name',
    'forward-zone:\nname: a..b',
    `test.conf:2: error: name: bad domain name 'a..b': empty label`,
  ],
  ['a clause without name', 'forward-zone:\nforward-addr: ::1', 'test.conf:1: error: forward-zone without name'],
  [
    'an address as host',
    'forward-zone:\nname: a.\nforward-host: 192.0.2.1',
    'test.conf:3: warning: a. forward-host: "192.0.2.1" is an IP4 address, and when looked up as a host name during use may not resolve.',
  ],
  [
    'bounds in the wrong order',
    'server:\ncache-max-ttl: 1\ncache-min-ttl: 3',
    'test.conf:3: warning: cache-min-ttl is larger than cache-max-ttl, which wins',
  ],
];

describe('checking', () => {
  test.each(cases)('finds %s', (_, text, finding) => {
    expect(findingsOf(text).some((line) => line.startsWith(finding))).toBe(true);
  });

  test('default zones may have tags and other types for some clients', () => {
    const text =
      'server:\ndefine-tag: "x"\nlocal-zone-tag: 10.in-addr.arpa "x"\nlocal-zone-override: onion. ::1/128 refuse';
    expect(findingsOf(text)).toEqual([]);
  });

  test('a forward zone without servers is allowed: it makes an exception', () => {
    expect(findingsOf('forward-zone:\nname: a.')).toEqual([]);
  });
});

describe('a secret', () => {
  const SECRET = '00112233445566778899aabbccddeeff';

  test.each([
    `cookie-secret: ${SECRET}0`,
    `cookie-secret: "${SECRET} "`,
    `cookie-secret: ${SECRET}:`,
    `cookie-secret: 00 ${SECRET.slice(2)}`,
    `cookie-secret: 00 ${SECRET.slice(2)}:`,
    `cookie-secret: 00 ${SECRET.slice(2)}: x`,
    `cookie-secret ${SECRET}`,
    `secret: ${SECRET}`,
  ])('that is mistyped is told without itself: %s', (line) => {
    const text = findingsOf(`server:\n${line}\n`).join('\n');
    expect(text).toContain('error: ');
    expect(text).not.toContain(SECRET.slice(4, 12));
  });
});
