/** Proves which texts are IPv4 addresses: four numbers without padding, and nothing beside them. */

import { expect, test } from 'vitest';
import { parseIp4 } from '../../src/wire/ip.ts';

test.each([
  ['192.0.2.1', [192, 0, 2, 1]],
  ['0.0.0.0', [0, 0, 0, 0]],
  ['255.255.255.255', [255, 255, 255, 255]],
])('reads %s', (text, octets) => {
  expect([...(parseIp4(text) ?? [])]).toEqual(octets);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.',
  '1.2.3.4.',
  '1.2.3.4.5',
  '1..3.4',
  '.1.2.3',
  '256.1.1.1',
  '1.2.3.1000',
  '01.2.3.4',
  '00.0.0.0',
  '1.2.3.-4',
  '+1.2.3.4',
  '1.2.3.4 ',
  '1.2.3.0x4',
  '1.2.3.٤',
])('takes "%s" for none', (text) => {
  expect(parseIp4(text)).toBeNull();
});
