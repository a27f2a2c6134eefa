/** Proves which of several lines counts, as duplicates.test.ts of the interop tests found it in a running Unbound 1.17.1. */

import { describe, expect, test } from 'vitest';
import { serveOptions } from '../../src/daemon/options/rooms.ts';
import { configuredZones, upstreamOptions } from '../../src/daemon/options/upstream.ts';
import { closestUpstreamZone } from '../../src/terms/upstream-zone.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { configOf } from '../config/config-data.ts';
import { PolicyBench } from './policy-bench.ts';

const HOST = { hostName: 'host', programVersion: 'v', addressesOf: () => [] };

describe('of several lines', () => {
  test('for one local zone the last counts, in views too', () => {
    const twice = 'local-zone: a.example. static\n local-zone: A.example. refuse\n';
    const bench = new PolicyBench(`server:\n ${twice} access-control-view: 192.0.2.1/32 v\nview:\n name: v\n ${twice}`);
    expect(bench.local('a.example.')).toBe('REFUSED AA');
    expect(bench.local('a.example.', 'A', { ip: '192.0.2.1' })).toBe('REFUSED AA');
  });

  test('for one record the last counts with its TTL, be it longer or shorter', () => {
    for (const [first, last] of [
      [60, 90],
      [90, 60],
    ]) {
      const line = (ttl = 0) => ` local-data: "a.example. ${ttl} A 192.0.2.1"\n`;
      const reply = new PolicyBench(`server:\n${line(first)}${line(last)}`).localReply('a.example.');
      expect(reply).toMatchObject({ answer: [{ ttl: last }] });
    }
  });

  test('for one client the first counts of view, tags and what a tag does', () => {
    const bench = new PolicyBench(`server:
 define-tag: "t1 t2"
 access-control-view: 192.0.2.1/32 v1
 access-control-view: 192.0.2.1/32 v2
 access-control-tag: 192.0.2.2/32 "t1"
 access-control-tag: 192.0.2.2/32 "t2"
 access-control-tag-action: 192.0.2.2/32 t1 always_nxdomain
 access-control-tag-action: 192.0.2.2/32 t1 refuse
 local-zone: z.example. static
 local-zone-tag: z.example. "t1"
 local-zone-tag: z.example. "t2"
view:
 name: v1
 local-data: "v.example. A 192.0.2.11"
view:
 name: v2
 local-data: "v.example. A 192.0.2.12"
`);
    expect(bench.local('v.example.', 'A', { ip: '192.0.2.1' })).toContain('192.0.2.11');
    expect(bench.local('z.example.', 'A', { ip: '192.0.2.2' })).toBe('NXDOMAIN AA');
  });

  test('for one place the first counts', () => {
    const config = configOf('server:\n interface-action: 192.0.2.53 allow\n interface-action: 192.0.2.53 refuse\n');
    expect([...serveOptions(config, HOST, []).accessByListener.values()]).toEqual(['allow']);
  });
});

describe('of stub zones and forward zones', () => {
  const zone = (kind: string, ip: string) => `${kind}-zone:\n name: a.example\n ${kind}-addr: ${ip}\n`;
  const chosen = (text: string) => {
    const closest = closestUpstreamZone(configuredZones(configOf(text)), mustParseName('x.a.example.'));
    return closest?.addresses.map(({ ip }) => ip);
  };

  test('of one name and kind the last counts: what an include says is overridden after it', () => {
    expect(chosen(zone('forward', '192.0.2.1') + zone('forward', '192.0.2.2'))).toEqual(['192.0.2.2']);
    expect(chosen(zone('stub', '192.0.2.1') + zone('stub', '192.0.2.2'))).toEqual(['192.0.2.2']);
  });

  test('of one name the forward zone counts, whichever comes first', () => {
    expect(chosen(zone('stub', '192.0.2.1') + zone('forward', '192.0.2.2'))).toEqual(['192.0.2.2']);
    expect(chosen(zone('forward', '192.0.2.2') + zone('stub', '192.0.2.1'))).toEqual(['192.0.2.2']);
  });
});

test('ports are permitted and avoided in the order of the lines', () => {
  const config = configOf('server:\n outgoing-port-avoid: 1-65535\n outgoing-port-permit: 2000-2001\n');
  expect(upstreamOptions(config).outgoingPorts).toEqual([2000, 2001]);
});
