/** The zones of the lab: a root, two top-level domains, mail domains with TLSA, an unsigned one, and broken ones. */

import { TYPE } from '../../src/wire/rr-type.ts';
import type { KeyStore } from '../world/keys.ts';
import { World } from '../world/world.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

/** SHA-256 of nothing in particular: the lab's mail servers have no certificates. */
const TLSA_DIGEST = '5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';

/** Broken zones below `example.`, with the fault of each. */
export const BROKEN_ZONES = {
  expired: 'signatures-expired',
  future: 'signatures-not-yet-valid',
  forged: 'rdata-forged',
  stripped: 'signatures-stripped',
  stranger: 'signatures-by-unknown-key',
  'wrong-ds': 'ds-wrong',
  'no-denial': 'denial-missing',
  'no-dnskey': 'dnskey-missing',
  'unknown-algorithm': 'ds-unknown-algorithm',
  refused: 'refused',
  lame: 'lame',
  truncated: 'always-truncated',
  'no-edns': 'no-edns',
} as const;

/** Makes the lab's world, signed around `now` (unix seconds). */
export function makeLabWorld(now: number, keys: KeyStore): World {
  const world = new World({ now, keys });
  world.zone('.', {
    servers: { 'a.root-servers.net.': ['198.41.0.4'], 'b.root-servers.net.': ['170.247.170.2'] },
    signing: { algorithms: [8] },
  });
  world.zone('net.', {
    servers: { 'a.gtld.net.': ['192.5.6.30'] },
    signing: { algorithms: [13], denial: NSEC3_OPT_OUT },
  });
  world.zone('root-servers.net.', {
    servers: { 'a.root-servers.net.': ['198.41.0.4'], 'b.root-servers.net.': ['170.247.170.2'] },
  });
  world.zone('example.', {
    servers: { 'ns1.nic.example.': ['192.0.2.1'], 'ns2.nic.example.': ['192.0.2.2'] },
    signing: { algorithms: [13] },
  });
  world.zone('test.', {
    servers: { 'ns1.nic.test.': ['192.0.2.11'] },
    signing: { algorithms: [13], denial: NSEC3_OPT_OUT },
  });
  addMailDomains(world);
  addBrokenZones(world);
  return world;
}

function addMailDomains(world: World): void {
  const mail = (hosts: readonly string[]) => `
@ IN MX 10 ${hosts[0]}
@ IN TXT "v=spf1 mx -all"
${hosts.map((host, i) => `${host} IN A 192.0.2.${100 + i}`).join('\n')}
${hosts.map((host) => `_25._tcp.${host} IN TLSA 3 1 1 ${TLSA_DIGEST}`).join('\n')}
`;
  world.zone('dane.example.', {
    servers: { 'ns.dane.example.': ['192.0.2.21'] },
    signing: { algorithms: [13] },
    text: `${mail(['mx1', 'mx2'])}
*.lists IN MX 10 mx1
alias IN CNAME mx1
old IN DNAME dane.test.
a.b.c IN A 192.0.2.120
`,
  });
  world.zone('dane.test.', {
    servers: { 'ns.dane.test.': ['192.0.2.22'] },
    signing: { algorithms: [15], denial: NSEC3 },
    text: mail(['mx']),
  });
  world.zone('plain.test.', {
    servers: { 'ns.plain.test.': ['192.0.2.23'] },
    text: mail(['mx']),
  });
  world.zone('rsa.example.', {
    servers: { 'ns.rsa.example.': ['192.0.2.24'] },
    signing: { algorithms: [8], denial: NSEC3 },
    text: mail(['mx']),
  });
}

function addBrokenZones(world: World): void {
  for (const [i, [label, fault]] of Object.entries(BROKEN_ZONES).entries()) {
    const name = `${label}.example.`;
    world.zone(name, {
      servers: { [`ns.${name}`]: [`192.0.2.${40 + i}`] },
      signing: { algorithms: [13] },
      text: '@ IN MX 10 mx\nmx IN A 192.0.2.130\n',
    });
    // Keys are left alone: what the fault shows is one bad answer, not a bad zone.
    if (fault === 'rdata-forged') world.get(name).break({ fault, types: [TYPE.A] });
    else world.break(name, fault);
  }
}
