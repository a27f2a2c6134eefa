/** Proves what is believed of a resolver that is asked: AD only where the way to it is safe, failures as failures, foreign replies not at all. */

import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { openLookUpSource } from '../../src/cli/look-up-source.ts';
import { programPorts } from '../../src/cli/own-resolver.ts';
import { lookUpAt } from '../../src/dane/ask-server.ts';
import { readU16 } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';

let socket: Socket | null = null;
afterEach(() => {
  socket?.close();
  socket = null;
});

/** A resolver that sends each query back with these flags; `spoil` may change the octets, or send others first. */
async function resolver(flags: number, spoil: (reply: Buffer) => readonly Buffer[] = (reply) => [reply]) {
  const bound = createSocket('udp4');
  socket = bound;
  bound.on('message', (query, from) => {
    const reply = Buffer.from(query);
    reply.writeUInt16BE(FLAG.QR | FLAG.RA | (readU16(query, 2) & FLAG.RD) | flags, 2);
    for (const one of spoil(reply)) bound.send(one, from.port, from.address);
  });
  await new Promise<void>((resolve) => bound.bind(0, '127.0.0.1', resolve));
  return { ip: '127.0.0.1', port: bound.address().port };
}

async function look(flags: number, trustsAd = true, spoil?: (reply: Buffer) => readonly Buffer[]) {
  const server = await resolver(flags, spoil);
  return lookUpAt(await programPorts(), server, trustsAd)(mustParseName('a.test.'), TYPE.TLSA);
}

test('AD counts over loopback only', async () => {
  expect(await look(FLAG.AD)).toMatchObject({ status: 'secure', outcome: 'nodata' });
  expect(await look(0)).toMatchObject({ status: 'insecure', why: 'the resolver set no AD' });
  expect(await look(FLAG.AD, false)).toMatchObject({
    status: 'insecure',
    why: expect.stringContaining('beyond loopback'),
  });
});

test('a failure is no absence', async () => {
  for (const rcode of [RCODE.SERVFAIL, RCODE.REFUSED, RCODE.FORMERR])
    expect(await look(FLAG.AD | rcode)).toMatchObject({ status: 'failed', outcome: 'none' });
  expect(await look(FLAG.AD | RCODE.NXDOMAIN)).toMatchObject({ status: 'secure', outcome: 'nxdomain' });
});

test('replies with another id or question are passed over', async () => {
  const foreign = (reply: Buffer): readonly Buffer[] => {
    const otherId = Buffer.from(reply);
    otherId.writeUInt16BE(readU16(reply, 0) ^ 1, 0);
    const otherName = Buffer.from(reply);
    otherName.write('b', 13);
    const notAReply = Buffer.from(reply);
    notAReply.writeUInt16BE(readU16(reply, 2) & ~FLAG.QR, 2);
    const good = Buffer.from(reply);
    good.writeUInt16BE(readU16(reply, 2) & ~FLAG.AD, 2);
    return [otherId, otherName, notAReply, reply.subarray(0, 5), good];
  };
  expect(await look(FLAG.AD, true, foreign)).toMatchObject({ status: 'insecure', outcome: 'nodata' });
});

test('a resolver beyond loopback is remarked on; what is no address is refused', async () => {
  const ports = await programPorts();
  expect(await openLookUpSource({ resolver: '192.0.2.1' }, ports)).toMatchObject({
    remark: expect.stringContaining('not on loopback'),
  });
  expect(await openLookUpSource({ resolver: '127.0.0.1@5353' }, ports)).toMatchObject({ remark: '' });
  for (const resolver of ['127.evil.test', '127.0.0.1@0', '127.0.0.1@99999', ''])
    expect(await openLookUpSource({ resolver }, ports)).toEqual([`not an address: ${resolver}`]);
});
