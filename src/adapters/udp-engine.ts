/**
 * Which sockets datagrams go through: the system's own calls (fast-udp.ts) where they can be made and have shown that they work
 * here, else Node's dgram.
 *
 * A wrong struct layout would not be an error but wrong octets, so the calls are tried on loopback before they are relied
 * on: a question and a reply, through a listening socket and a connected one.
 */

import type { UdpSocket } from '../ports/network.ts';
import { FastUdp } from './fast-udp.ts';
import { bindSystemCalls } from './system-calls.ts';

/** What may be asked for. */
export type WantedUdpEngine = 'auto' | 'dgram' | 'ffi';

/** The engine, null for dgram, and the sentence for the log. */
export interface ChosenUdpEngine {
  readonly engine: FastUdp | null;
  readonly text: string;
  /** The calls were asked for by name, and cannot be had. */
  readonly isRefused: boolean;
}

/** Milliseconds that loopback gets for a question and a reply. */
const TRIAL_MS = 1_000;
const LOOPBACK = { ip: '127.0.0.1', port: 0 };
const QUESTION = Uint8Array.from({ length: 40 }, (_, i) => 255 - i);

/** Chooses, and tries what is chosen. */
export async function chooseUdpEngine(wanted: WantedUdpEngine, bind = bindSystemCalls): Promise<ChosenUdpEngine> {
  if (wanted === 'dgram') return { engine: null, text: 'UDP through dgram', isRefused: false };
  const calls = bind();
  if (typeof calls === 'string') return withoutCalls(wanted, calls);
  const engine = new FastUdp(calls);
  const fault = await tryOnLoopback(engine);
  if (fault === null) return { engine, text: `UDP through system calls by ${engine.by}`, isRefused: false };
  engine.close();
  return withoutCalls(wanted, fault);
}

function withoutCalls(wanted: WantedUdpEngine, why: string): ChosenUdpEngine {
  return { engine: null, text: `UDP through dgram: no system calls (${why})`, isRefused: wanted === 'ffi' };
}

/** Null when a question came through as it was sent, and its reply too; else what went wrong. */
async function tryOnLoopback(engine: FastUdp): Promise<string | null> {
  const open: UdpSocket[] = [];
  const fault = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve('no reply on loopback'), TRIAL_MS);
    const finish = (text: string | null): void => {
      clearTimeout(timer);
      resolve(text);
    };
    const onError = ({ text }: { readonly text: string }): void => finish(text);
    const server = engine.open({
      local: LOOPBACK,
      isForClients: true,
      onDatagrams: (batch) => {
        for (const { bytes, from } of batch) if (server.ok) server.value.send(bytes, bytes.length, from);
      },
      onError,
    });
    if (!server.ok) return finish(server.error.text);
    open.push(server.value);
    const { local } = server.value;
    const client = engine.open({
      local: LOOPBACK,
      remote: local,
      onDatagrams: ([reply]) => {
        const isWhole = reply?.bytes.length === QUESTION.length && reply.bytes.every((one, i) => one === QUESTION[i]);
        const isFromServer = reply?.from.ip === local.ip && reply.from.port === local.port;
        finish(isWhole && isFromServer ? null : 'what came back on loopback was not what was sent');
      },
      onError,
    });
    if (!client.ok) return finish(client.error.text);
    open.push(client.value);
    client.value.send(QUESTION, QUESTION.length, local);
  });
  for (const socket of open) socket.close();
  return fault;
}
