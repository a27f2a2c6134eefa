/** Proves when what was lost in an outage of the own line is sent again: on and on, for whoever joins, and all of it once the line is back. */

import { describe, expect, test } from 'vitest';
import { KnownServer } from '../../src/cache/known-server.ts';
import { LostDatagrams, type Resendable } from '../../src/iterate/lost-datagrams.ts';
import { ROOT } from '../../src/wire/name.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

/** One that was never taken. */
const OTHER: Resendable = { known: new KnownServer('198.51.100.1@53', ROOT), send: () => {}, lostAs: 0 };

/** So many datagrams to servers behind a dead line; what was sent again, by number. */
function bench(count: number, onSend: (i: number) => void = () => {}) {
  const { clock } = makeFakePorts();
  let isCut = true;
  const sent: number[] = [];
  const lost = new LostDatagrams({ clock, servers: { isLineCut: () => isCut } });
  const datagrams = Array.from(
    { length: count },
    (_, i): Resendable => ({
      known: new KnownServer(`192.0.2.${i}@53`, ROOT),
      send: () => {
        sent.push(i);
        onSend(i);
      },
      lostAs: 0,
    }),
  );
  for (const datagram of datagrams) lost.add(datagram);
  const mend = (): void => {
    isCut = false;
  };
  return { clock, sent, lost, datagrams, mend };
}

describe('what was lost', () => {
  test('is sent again every 100 ms, three at a time and in turns', async () => {
    const { clock, sent } = bench(4);
    await clock.advance(99);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([0, 1, 2]);
    await clock.advance(100);
    expect(sent).toEqual([0, 1, 2, 3, 0, 1]);
  });

  test('is sent at once for a question that joins it, but not more often than every 10 ms', async () => {
    const { clock, sent, lost } = bench(1);
    lost.noteWaiter();
    expect(sent).toEqual([0]);
    lost.noteWaiter();
    await clock.advance(9);
    lost.noteWaiter();
    expect(sent).toEqual([0]);
    await clock.advance(1);
    lost.noteWaiter();
    expect(sent).toEqual([0, 0]);
  });

  test('is sent at once, all of it and once, when a server has answered', async () => {
    const { clock, sent, lost, mend } = bench(5);
    mend();
    lost.noteAnswer(OTHER);
    expect(sent).toEqual([0, 1, 2, 3, 4]);
    await clock.advance(1000);
    expect(sent).toHaveLength(5);
  });

  test('is not sent any more when nobody waits for it', async () => {
    const { clock, sent, lost, datagrams } = bench(2);
    for (const datagram of datagrams) lost.remove(datagram);
    lost.noteWaiter();
    lost.noteAnswer(OTHER);
    await clock.advance(1000);
    expect(sent).toEqual([]);
  });

  test('is neither sent nor kept when the sending of another one has ended it', async () => {
    const ends = (i: number): void => {
      const second = made.datagrams[1];
      if (i === 0 && second !== undefined) made.lost.remove(second);
    };
    const made = bench(3, ends);
    await made.clock.advance(200);
    expect(made.sent).toEqual([0, 2, 0, 2]);
  });
});
