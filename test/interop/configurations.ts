/** Small configurations that Unbound and Hawser are both asked about, and what Hawser says where it says something else. */

/** Lines after a head that names folders which are there; whether Hawser takes them; why, where Unbound 1.17.1 does not agree. */
export interface Sample {
  readonly lines: string;
  readonly isTaken: boolean;
  /** '' where both agree. */
  readonly why: string;
}

function same(isTaken: boolean, ...all: readonly string[]): Sample[] {
  return all.map((lines) => ({ lines, isTaken, why: '' }));
}

function differs(isTaken: boolean, why: string, ...all: readonly string[]): Sample[] {
  return all.map((lines) => ({ lines, isTaken, why }));
}

const TAGGED = 'define-tag: "x"\n';
const REDIRECT = 'local-zone: r.example redirect\n';
const RULE = 'response-ip: 192.0.2.0/24 redirect\n';

export const SAMPLES: readonly Sample[] = [
  ...same(
    true,
    'low-rtt: 45\nlow-rtt-pct: 900\nlow-rtt-permil: 0\ninfra-lame-ttl: 900\ninfra-cache-lame-size: 10k',
    'shm-enable: yes\nshm-key: 11777',
    'local-data: "a.example ANY A 192.0.2.1"',
    'local-data: "a.example CH TXT x"',
    'local-data-ptr: "192.0.2.1 3600 a.example"',
    'local-zone: "münchen.example" always_nxdomain',
    'local-data: "münchen.example A 192.0.2.1"',
    'domain-insecure: "münchen.example"',
    'verbosity:\f1\v\nnum-threads:\v1',
    'forward-zone:\nname: .\nforward-addr: fe80::1%lo',
    'stub-zone:\nname: a\nstub-addr: fe80::1%lo@53',
    'access-control: fe80::/10%eth0 allow',
    'private-address: fe80::/10%lo\ndo-not-query-address: fe80::1%lo',
    'outgoing-interface: fe80::1%lo\noutgoing-interface: 2001:db8::/64\noutgoing-interface: 192.0.2.0/24',
    'verbosity: 1000\nedns-buffer-size: 70000\nmax-udp-size: 70000\ntcp-mss: 70000\nmsg-buffer-size: 10000000',
    'num-threads: 2000\nincoming-num-tcp: 100000\ncache-max-ttl: 9999999999\nmax-sent-count: 10000',
    'auth-zone:\nzonefile: none',
    'forward-zone:\nname: .\nforward-addr: 127.0.0.1@5053',
    `${TAGGED}response-ip-tag: 192.0.2.0/24 "x"`,
    'auth-zone:\nname: a\nurl: "https://example.com/zone"\nprimary: 192.0.2.1@853#name.example',
    'include: "FOLDER/nothing-*.conf"',
    'include: "~/hawser-nothing-here.conf"',
    'module-config: "subnetcache validator iterator"',
    'interface: 127.0.0.1@853\ntls-service-key: "FOLDER/key"\ntls-service-pem: "FOLDER/pem"',
    'interface: 127.0.0.1@443\ntls-service-key: "FOLDER/key"\ntls-service-pem: "FOLDER/pem"',
    'interface: 127.0.0.1@443\nhttp-notls-downstream: yes',
    'tls-use-sni: no',
    'interface: 127.0.0.1@5353\nproxy-protocol-port: 5353',
  ),
  ...same(
    false,
    'local-data-ptr: "192.0.2.1 a.example more"',
    'local-data-ptr: "192.0.2.1 3600 a.example more"',
    'local-data-ptr: "192.0.2.1 -5 a.example"',
    'msg-cache-slabs: 3',
    'rrset-cache-slabs: 0',
    'ratelimit-slabs: 5',
    'module-config: "nonsense validator iterator"',
    'module-config: "python validator iterator"',
    'module-config: "ipsecmod validator iterator"',
    `${REDIRECT}local-data: "b.r.example A 192.0.2.2"`,
    `${REDIRECT}local-data: "r.example A 192.0.2.2"\nlocal-data: "r.example CNAME a.example"`,
    `${REDIRECT}local-data: "r.example CNAME b.example"\nlocal-data: "r.example CNAME a.example"`,
    'local-data: "foo.localhost A 127.0.0.1"',
    `view:\nname: v\n${REDIRECT}local-data: "b.r.example A 192.0.2.2"`,
    'view:\nname: v\nlocal-data-ptr: "192.0.2.1 a b c"',
    'view:\nname: v\nresponse-ip-data: 192.0.2.1/32 "A 192.0.2.9"',
    'module-config: "respip validator iterator"\nrpz:\nname: r.example\ntags: "typo"',
    'module-config: "respip validator iterator"\nrpz:\nname: r.example\nrpz-action-override: cname',
    'trust-anchor-file: "FOLDER/root.key"\nauto-trust-anchor-file: "FOLDER/root.key"',
    'trust-anchor: ". DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"\nauto-trust-anchor-file: "FOLDER/root.key"',
    'include: "/nonexistent-folder/*.conf"',
    `${TAGGED}access-control-tag-action: 127.0.0.0/8 typo refuse`,
    `${TAGGED}access-control-tag-action: 127.0.0.0/8 x typo`,
    `${TAGGED}access-control-tag-data: 127.0.0.0/8 typo "A 127.0.0.1"`,
    `${TAGGED}access-control-tag-data: 127.0.0.0/8 x "A nothing"`,
    'local-zone-override: a.example 192.0.2.0/24 refuse',
    `${TAGGED}local-zone-tag: a.example "x"`,
    'response-ip-data: 192.0.2.1/32 "A 192.0.2.9"',
    `${RULE}response-ip-data: 192.0.2.0/24 "AAAA ::1"`,
    `${RULE}response-ip-data: 192.0.2.0/24 "A nothing"`,
    `${RULE}response-ip-data: 192.0.2.0/24 "CNAME a."\nresponse-ip-data: 192.0.2.0/24 "A 192.0.2.1"`,
    'response-ip: 192.0.2.0/24 deny\nresponse-ip-data: 192.0.2.0/24 "A 192.0.2.1"',
    'auth-zone:\nname: a\nurl: "ftp://example.com/zone"',
    'rpz:\nname: a\nzonefile: "FOLDER/none.zone"',
    'ip-dscp: 64',
    'edns-client-string-opcode: 70000',
    'port: 0',
    'num-threads: 0',
  ),
  ...differs(
    true,
    'types of Unbound 1.26',
    ...['block_aaaa', 'block_a_wdata', 'block_aaaa_wdata', 'truncate'].map((type) => `local-zone: a.example ${type}`),
  ),
  ...differs(true, 'without that cache nothing is less safe', 'module-config: "validator cachedb iterator"'),
  ...differs(
    true,
    'without the copy the zone is resolved or fails, and it is told (1.26 warns too)',
    'auth-zone:\nname: a\nzonefile: "FOLDER/none.zone"',
  ),
  ...differs(
    false,
    'nobody could be answered through such a prefix (1.26 refuses it too)',
    'dns64-prefix: 64:ff9b::/95',
    'module-config: "dns64 validator iterator"\ndns64-prefix: 192.0.2.0/24',
  ),
  ...differs(
    false,
    'such a digest fits no key (1.26 refuses it too)',
    'local-zone: example static\nlocal-data: "a.example DS 1 8 2 aabb"',
  ),
  ...differs(
    false,
    'the zone could not be got',
    'auth-zone:\nname: a\nprimary: "two words"',
    'auth-zone:\nname: a\nprimary: 192.0.2.1@70000',
    'auth-zone:\nname: a\nallow-notify: 192.0.2.1/99',
    'auth-zone:\nname: a\nurl: nothing',
  ),
  ...differs(false, 'the rule would keep nobody out', 'rpz:\nzonefile: "FOLDER/root.key"'),
  ...differs(
    false,
    'the tag is not defined, so nobody would have it',
    `${TAGGED}interface: 127.0.0.1\ninterface-tag-action: 127.0.0.1 typo refuse`,
  ),
  ...differs(
    false,
    'clients would be answered unencrypted',
    'interface: 127.0.0.1@853',
    'interface: 127.0.0.1@443',
    'interface: 127.0.0.1@8853\ntls-additional-port: 8853',
    'interface: 127.0.0.1@8853\ntls-port: 8853',
  ),
  ...differs(false, 'nobody could ask for such a path', 'http-endpoint: "dns-query"'),
  ...differs(false, 'a slip of the pen', 'port: 70000', 'cache-max-ttl: -1', 'num-threads: 1x'),
];
