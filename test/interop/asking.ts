/** Questions to a resolver over UDP from this process, without blocking it: many at a time, each with its time taken. */

import { createSocket } from 'node:dgram';
import { decode, type Packet } from 'dns-packet';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';

/** Types that sessions ask for. */
export type AskedType = 'A' | 'AAAA' | 'MX' | 'TLSA' | 'NS';

/** A reply as it came, or silence. */
export interface Reply {
  readonly milliseconds: number;
  /** Null when nothing came in time. */
  readonly rcode: string | null;
  readonly ad: boolean;
  /** Types and data of the answer section, signatures left out. */
  readonly answers: readonly string[];
}

type Decoded = Packet & { readonly rcode?: string; readonly flag_ad?: boolean };

function dataText(data: unknown): string {
  if (typeof data === 'string') return data;
  return JSON.stringify(data, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value,
  );
}

function readReply(bytes: Buffer, milliseconds: number): Reply {
  const packet = decode(bytes) as Decoded;
  const answers = (packet.answers ?? [])
    .filter(({ type }) => type !== 'RRSIG')
    .map((answer) => `${answer.type} ${dataText((answer as { data?: unknown }).data)}`);
  return { milliseconds, rcode: packet.rcode ?? '', ad: packet.flag_ad === true, answers };
}

let nextId = 1;

/** Asks one question as a mail server does (RD, DO). */
export function ask(port: number, name: string, type: AskedType, timeoutMs: number): Promise<Reply> {
  return askAt({ address: '127.0.0.1', port }, name, type, timeoutMs);
}

/** The same of a resolver at any address. */
export function askAt(
  { address, port }: { readonly address: string; readonly port: number },
  name: string,
  type: AskedType,
  timeoutMs: number,
): Promise<Reply> {
  nextId = (nextId + 1) & 0xffff;
  const question = questionOf(mustParseName(name), TYPE[type]);
  const query = buildQuery({ id: nextId, question, flags: FLAG.RD, edns: { udpSize: 1232, doBit: true } });
  const startedAt = performance.now();
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const finish = (reply: Reply): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    const timeouts = { milliseconds: timeoutMs, rcode: null, ad: false, answers: [] };
    const timer = setTimeout(() => finish(timeouts), timeoutMs);
    socket.on('message', (bytes) => finish(readReply(bytes, performance.now() - startedAt)));
    socket.on('error', () => finish(timeouts));
    socket.send(query, port, address);
  });
}

/** Does all of it, so many at a time. */
export async function eachOf<T>(items: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
