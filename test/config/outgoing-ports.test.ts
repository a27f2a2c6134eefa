/** Ports to ask from: the lines count in their order. */

import { describe, expect, test } from 'vitest';
import { outgoingPorts } from '../../src/config/outgoing-ports.ts';
import { configOf } from './config-data.ts';

function portsOf(lines: string): number[] {
  return [...outgoingPorts(configOf(`server:\n${lines}`).outgoingPortRules)];
}

describe('outgoing ports', () => {
  test('are all unprivileged ones by default', () => {
    const ports = portsOf('');
    expect([ports[0], ports.at(-1), ports.length]).toEqual([1024, 65535, 64512]);
  });

  test('follow the last line about each', () => {
    expect(portsOf('outgoing-port-avoid: 0-65535\noutgoing-port-permit: 3000-3004\noutgoing-port-avoid: 3002')).toEqual(
      [3000, 3001, 3003, 3004],
    );
  });

  test('never are 0, and may be privileged if permitted', () => {
    expect(portsOf('outgoing-port-avoid: 0-65535\noutgoing-port-permit: 0-2')).toEqual([1, 2]);
  });
});
