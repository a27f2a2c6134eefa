/** Proves that control clients, whatever they do, harm and delay neither each other nor the daemon. */

import { describe, expect, test } from 'vitest';
import { type BulkInput, OK, plain, withLines, worded } from '../../src/control/command.ts';
import { CONTROL_LIMITS } from '../../src/control/limits.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { Client, listenWith, sendCommand } from './bench.ts';

const hello = plain('hello', () => 'hello\n');

describe('a control connection', () => {
  test('takes a command in any number of reads', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [worded('echo', (words) => `${words}\n`)]);
    const client = new Client(ports);
    await client.connect();
    for (const octet of 'UBCT1  echo  a b \n') {
      client.send(octet);
      await ports.clock.advance(10);
    }
    await ports.clock.runUntil(() => client.isClosed);
    expect(client.text).toBe('a b\n');
  });

  test('closes without a word for a stranger, and says so to another version', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [hello]);
    const stranger = new Client(ports);
    await stranger.connect();
    stranger.send('GET / HTTP/1.1\r\n\r\n');
    await ports.clock.runUntil(() => stranger.isClosed);
    expect(stranger.text).toBe('');
    const other = new Client(ports);
    await other.connect();
    other.send('UBCT2 hello\n');
    await ports.clock.runUntil(() => other.isClosed);
    expect(other.text).toBe('error version mismatch\n');
  });

  test('refuses a line that is too long and words where there are none', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [hello]);
    expect(await sendCommand(ports, `x${'y'.repeat(CONTROL_LIMITS.lineOctets)}`)).toMatch(/^error line longer than/);
    expect(await sendCommand(ports, 'hello now')).toBe("error command hello takes no arguments, have 'now'\n");
    expect(await sendCommand(ports, 'other')).toBe("error unknown command 'other'\n");
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
  });

  test('runs one command only', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [hello]);
    expect(await sendCommand(ports, 'hello', 'hello\nUBCT1 hello\n')).toBe('hello\n');
  });

  test('that stays silent delays nobody, and ends after its time', async () => {
    const ports = makeFakePorts();
    const server = await listenWith(ports, [hello]);
    const silent = new Client(ports);
    await silent.connect();
    silent.send('UBC');
    await ports.clock.advance(60_000);
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
    expect(silent.isClosed).toBe(false);
    await ports.clock.runUntil(() => silent.isClosed);
    expect(server.connections).toBe(0);
    expect(ports.clock.timerCount).toBe(0);
  });

  test('that is silent gives its place to one that speaks', async () => {
    const ports = makeFakePorts();
    const server = await listenWith(ports, [hello]);
    const silent = Array.from({ length: CONTROL_LIMITS.connections + 5 }, () => new Client(ports));
    for (const client of silent) {
      await client.connect();
      await ports.clock.advance(1);
    }
    expect(server.connections).toBe(CONTROL_LIMITS.connections);
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
  });

  test.each([
    ['waits for lines that do not come', 'lines'],
    ['waits for its reply to be read', 'large'],
  ])('that %s gives its place to one that speaks, and it is counted', async (_, command) => {
    const ports = makeFakePorts();
    let refused = 0;
    const bulk: BulkInput = { isEnd: () => false, take: () => null, finish: () => OK };
    const commands = [hello, withLines('lines', () => bulk), plain('large', () => 'x'.repeat(1_000_000))];
    const server = await listenWith(ports, commands, () => refused++);
    for (let i = 0; i < CONTROL_LIMITS.connections; i++) {
      const client = new Client(ports);
      await client.connect();
      client.pause();
      client.send(`UBCT1 ${command}\n`);
      await ports.clock.advance(10);
    }
    expect([await sendCommand(ports, 'hello'), refused]).toEqual(['hello\n', 1]);
    expect(server.connections).toBe(CONTROL_LIMITS.connections - 1);
  });

  test('whose command is worked on keeps its place', async () => {
    const ports = makeFakePorts();
    let finish: (text: string) => void = () => {};
    const slow = plain('slow', () => new Promise<string>((resolve) => (finish = resolve)));
    await listenWith(ports, [hello, slow]);
    const working = new Client(ports);
    await working.connect();
    working.send('UBCT1 slow\n');
    await ports.clock.advance(10);
    for (let i = 0; i < CONTROL_LIMITS.connections + 5; i++) await new Client(ports).connect();
    finish('done\n');
    await ports.clock.runUntil(() => working.isClosed);
    expect(working.text).toBe('done\n');
  });

  test('that reads slowly gets the whole reply and holds back nobody', async () => {
    const ports = makeFakePorts();
    function* many(): Generator<string> {
      for (let i = 0; i < 50_000; i++) yield `line ${i}\n`;
    }
    await listenWith(ports, [hello, plain('many', many)]);
    const slow = new Client(ports);
    await slow.connect();
    slow.pause();
    slow.send('UBCT1 many\n');
    await ports.clock.advance(1000);
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
    slow.resume();
    await ports.clock.runUntil(() => slow.isClosed);
    expect(slow.text.split('\n')).toHaveLength(50_001);
    expect(slow.text.endsWith('line 49999\n')).toBe(true);
  });

  test('that reads nothing at all is closed after its time', async () => {
    const ports = makeFakePorts();
    function* endless(): Generator<string> {
      for (;;) yield 'x'.repeat(1000);
    }
    const server = await listenWith(ports, [plain('endless', endless)]);
    const stuck = new Client(ports);
    await stuck.connect();
    stuck.pause();
    stuck.send('UBCT1 endless\n');
    await ports.clock.runUntil(() => server.connections === 0, { maxMs: CONTROL_LIMITS.idleMs * 2 });
  });

  test('survives a bug in a command, which is logged', async () => {
    const ports = makeFakePorts();
    const broken = plain('broken', () => {
      throw new Error('no such thing');
    });
    await listenWith(ports, [broken, hello]);
    expect(await sendCommand(ports, 'broken')).toBe('error internal error, see the log\n');
    expect(ports.log.lines.some(({ line }) => line.includes('no such thing'))).toBe(true);
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
  });

  test('may go away while its command runs', async () => {
    const ports = makeFakePorts();
    let finish: (reply: string) => void = () => {};
    const slow = plain('slow', () => new Promise<string>((resolve) => (finish = resolve)));
    const server = await listenWith(ports, [slow, hello]);
    const client = new Client(ports);
    await client.connect();
    client.send('UBCT1 slow\n');
    await ports.clock.advance(10);
    client.close();
    await ports.clock.advance(10);
    finish(OK);
    await ports.clock.settle();
    expect(server.connections).toBe(0);
  });
});

describe('a bulk command', () => {
  /** Counts lines; those that begin with `bad` are faults. */
  function counting(): BulkInput {
    let count = 0;
    return {
      isEnd: (line) => line === 'end',
      take: (line, number) => {
        count++;
        return line.startsWith('bad') ? `error at ${number}` : null;
      },
      finish: () => `${count} lines\n`,
    };
  }

  test('takes its lines until the end mark, and tells faults first', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [{ name: 'count', takes: 'lines', run: counting }]);
    expect(await sendCommand(ports, 'count', 'a\nbad\nb\nend\nc\n')).toBe('error at 2\n3 lines\n');
  });

  test('of many lines leaves turns to others and tells a bounded number of faults', async () => {
    const ports = makeFakePorts();
    await listenWith(ports, [{ name: 'count', takes: 'lines', run: counting }, hello]);
    const client = new Client(ports);
    await client.connect();
    client.send(`UBCT1 count\n${'bad\n'.repeat(100_000)}`);
    expect(await sendCommand(ports, 'hello')).toBe('hello\n');
    client.send('end\n');
    await ports.clock.runUntil(() => client.isClosed);
    const lines = client.text.trimEnd().split('\n');
    expect(lines).toHaveLength(CONTROL_LIMITS.toldErrors + 2);
    expect(lines.at(-2)).toBe(`error ${100_000 - CONTROL_LIMITS.toldErrors} more lines with errors`);
    expect(lines.at(-1)).toBe('100000 lines');
  });
});
