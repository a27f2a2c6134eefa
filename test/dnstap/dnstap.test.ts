/** Proves what a message for a collector holds, and that a collector that is away, slow, silent or strange holds up nothing. */

import { PbfReader } from 'pbf';
import { describe, expect, test } from 'vitest';
import { CONTROL, controlFrame, readControl } from '../../src/dnstap/frame-streams.ts';
import { encodeTapMessage, type TapMessage } from '../../src/dnstap/tap-message.ts';
import { TAP_LIMITS, TapSender } from '../../src/dnstap/tap-sender.ts';
import { Taps } from '../../src/dnstap/taps.ts';
import type { ByteStream } from '../../src/ports/network.ts';
import { Counters } from '../../src/trace/counters.ts';
import { readU32, writeU32 } from '../../src/wire/bytes.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const COLLECTOR = { ip: '192.0.2.99', port: 6000 };
const ACCEPT = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1]);

/** Fields of a protobuf message by tag. */
function fieldsOf(bytes: Uint8Array): Record<number, unknown> {
  return new PbfReader(bytes).readFields(
    (tag, fields: Record<number, unknown>, reader) => {
      if (reader.type === 0) fields[tag] = reader.readVarint();
      else if (reader.type === 5) fields[tag] = reader.readFixed32();
      else fields[tag] = Uint8Array.from(reader.readBytes());
    },
    {} as Record<number, unknown>,
  );
}

const MESSAGE: TapMessage = {
  type: 'resolverResponse',
  protocol: 'tls',
  asker: { ip: '2001:db8::1', port: 40_000 },
  server: { ip: '2001:db8::53', port: 853 },
  queryTime: 1_800_000_000.25,
  responseTime: 1_800_000_000.5,
  zone: new Uint8Array([4, 116, 101, 115, 116, 0]),
  bytes: new Uint8Array([1, 2, 3]),
};

describe('a message', () => {
  test('holds what is known, in the fields of dnstap.proto', () => {
    const whole = fieldsOf(encodeTapMessage(MESSAGE, { identity: new Uint8Array([7]), version: null }));
    expect(whole[1]).toEqual(new Uint8Array([7]));
    expect(whole[2]).toBeUndefined();
    expect(whole[15]).toBe(1);
    const message = fieldsOf(whole[14] as Uint8Array);
    expect(message).toMatchObject({ 1: 4, 2: 2, 3: 3, 6: 40_000, 7: 853, 8: 1_800_000_000, 9: 250_000_000 });
    expect(message).toMatchObject({ 11: MESSAGE.zone, 12: 1_800_000_000, 13: 500_000_000, 14: MESSAGE.bytes });
    expect(message[4]).toHaveLength(16);
    expect(message[10]).toBeUndefined();
  });

  test('leaves out what is not known', () => {
    const made = {
      ...MESSAGE,
      type: 'clientQuery' as const,
      server: null,
      queryTime: null,
      responseTime: null,
      zone: null,
    };
    const message = fieldsOf(fieldsOf(encodeTapMessage(made, { identity: null, version: null }))[14] as Uint8Array);
    expect(Object.keys(message)).toEqual(['1', '2', '3', '4', '6', '10']);
  });
});

test('only messages of the kinds that are wanted are copied', () => {
  const { clock } = makeFakePorts();
  const sent: number[] = [];
  const taps = new Taps({
    clock,
    unixTime: () => 1,
    options: { types: new Set(['clientResponse', 'forwarderQuery']), sampleRate: 0 },
    source: { identity: null, version: null },
    send: (message) => sent.push(Number(fieldsOf(fieldsOf(message)[14] as Uint8Array)[1])),
  });
  const way = { server: COLLECTOR, local: null, zone: new Uint8Array([0]), transport: 'udp' as const, sentMs: 0 };
  for (const recursion of [true, false]) {
    taps.servers.query(MESSAGE.bytes, { ...way, recursion });
    taps.servers.response(MESSAGE.bytes, { ...way, recursion });
  }
  taps.clients.query(MESSAGE.bytes, COLLECTOR, { transport: 'udp' });
  taps.clients.response(MESSAGE.bytes, COLLECTOR, { transport: 'tcp', layer: 'https' });
  expect(sent).toEqual([7, 6]);
});

describe('control frames', () => {
  test('are read whole, or waited for', () => {
    const ready = controlFrame(CONTROL.ready);
    for (let end = 0; end < ready.length; end++) expect(readControl(ready.subarray(0, end)).kind).toBe('more');
    expect(readControl(ready)).toEqual({ kind: 'control', type: 4, takesContent: true, octets: ready.length });
    expect(readControl(ACCEPT)).toMatchObject({ type: 1, takesContent: true });
  });

  test.each([
    ['a data frame', [0, 0, 0, 1, 0, 0, 0, 4]],
    ['one that is too long', [0, 0, 0, 0, 0, 1, 0, 0]],
    ['a field that ends after the frame', [0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9]],
    ['an unknown field', [0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0]],
  ])('%s is none', (_, octets) => {
    expect(readControl(new Uint8Array(octets)).kind).toBe('malformed');
  });

  test('that name another content do not take ours', () => {
    const other = controlFrame(CONTROL.ready);
    other[other.length - 1] = 0x21;
    expect(readControl(other)).toMatchObject({ kind: 'control', takesContent: false });
  });
});

interface Collector {
  stream: ByteStream | null;
  received: Uint8Array[];
}

/** A sender, and a collector that does what the test says. */
async function sending(onData: (stream: ByteStream) => void = (stream) => void stream.write(ACCEPT)) {
  const ports = makeFakePorts();
  const { clock, network, log } = ports;
  const counters = new Counters();
  const collector: Collector = { stream: null, received: [] };
  const listen = async (): Promise<void> => {
    const opened = await network.listen({
      local: COLLECTOR,
      onConnection: (stream) => {
        collector.stream = stream;
        return {
          onData: (bytes) => {
            if (collector.received.length === 0) onData(stream);
            collector.received.push(Uint8Array.from(bytes));
          },
          onClose: () => {},
        };
      },
      onError: () => {},
    });
    expect(opened.ok).toBe(true);
  };
  const sender = new TapSender({ clock, network, log, counters, target: { remote: COLLECTOR, isBidirectional: true } });
  return { ports, counters, collector, sender, listen };
}

/** Data frames of what a collector received, without control frames. */
function dataOf({ received }: Collector): number[] {
  const all = received.flatMap((bytes) => [...bytes]);
  const bytes = Uint8Array.from(all);
  const data: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = readU32(bytes, at);
    if (length === 0) at += 8 + readU32(bytes, at + 4);
    else {
      data.push(bytes[at + 4] ?? -1);
      at += 4 + length;
    }
  }
  return data;
}

describe('a sender', () => {
  test('keeps what is said before the collector is there, and sends it in order', async () => {
    const { ports, collector, sender, listen, counters } = await sending();
    ports.network.closedPorts = 'refuse';
    sender.start();
    sender.send(new Uint8Array([1]));
    await ports.clock.advance(50);
    await ports.clock.runUntilSettled(listen());
    sender.send(new Uint8Array([2]));
    await ports.clock.advance(3000);
    sender.send(new Uint8Array([3]));
    await ports.clock.advance(10);
    expect(dataOf(collector)).toEqual([1, 2, 3]);
    expect(counters.get('dnstap.sent')).toBe(3);
    sender.stop();
    await ports.clock.advance(10);
    const last = collector.received.at(-1) ?? new Uint8Array();
    expect(readControl(last)).toMatchObject({ kind: 'control', type: CONTROL.stop });
  });

  test('drops and counts what the queue has no room for; the memory is bounded', async () => {
    const { sender, counters } = await sending();
    const message = new Uint8Array(65_536);
    for (let i = 0; i < 100; i++) sender.send(message);
    expect(counters.get('dnstap.dropped')).toBeGreaterThan(100 - TAP_LIMITS.queueOctets / message.length - 1);
    expect(counters.get('dnstap.dropped')).toBeLessThan(100);
  });

  test('leaves a collector that is silent, and says so once', async () => {
    const { ports, sender, listen, collector } = await sending(() => {});
    await ports.clock.runUntilSettled(listen());
    sender.start();
    sender.send(new Uint8Array([1]));
    await ports.clock.advance(4 * TAP_LIMITS.connectMs);
    expect(dataOf(collector)).toEqual([]);
    expect(ports.log.lines.filter(({ line }) => line.includes('the collector is silent'))).toHaveLength(1);
    sender.stop();
  });

  test('sends nothing to one that does not take dnstap', async () => {
    const foreign = controlFrame(CONTROL.ready);
    writeU32(foreign, 8, CONTROL.accept);
    foreign[foreign.length - 1] = 0x21;
    const { ports, sender, listen, collector } = await sending((stream) => void stream.write(foreign));
    await ports.clock.runUntilSettled(listen());
    sender.start();
    sender.send(new Uint8Array([1]));
    await ports.clock.advance(2000);
    expect(dataOf(collector)).toEqual([]);
    expect(ports.log.lines.some(({ line }) => line.includes('does not take dnstap'))).toBe(true);
    sender.stop();
  });
});
