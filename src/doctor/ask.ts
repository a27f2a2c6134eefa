/** One question to one server over UDP or TCP, as a check asks it: what came back, or why nothing did. Never rejects. */

import type { Clock } from '../ports/clock.ts';
import type { Address, Network, NetworkError } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import { readU16 } from '../wire/bytes.ts';
import type { EdnsOut } from '../wire/edns.ts';
import { FrameReader, framed } from '../wire/frames.ts';
import { type MessageView, parseMessage } from '../wire/message-view.ts';
import { buildQuery } from '../wire/query.ts';
import { type Question, questionsEqual } from '../wire/question.ts';
import { FLAG } from '../wire/rcode.ts';

/** Milliseconds for one try; servers anywhere answer within a second. */
const TRY_MS = 2000;
/** Tries over UDP: one lost packet is no finding. */
const UDP_TRIES = 2;

/** What came of a question. */
export type Asked =
  | { readonly kind: 'reply'; readonly server: Address; readonly message: MessageView; readonly octets: number }
  | { readonly kind: 'silence'; readonly server: Address }
  | { readonly kind: 'refused'; readonly server: Address; readonly error: NetworkError };

export interface AskParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

interface Asking {
  readonly question: Question;
  /** Bits of rcode.ts FLAG. */
  readonly flags: number;
  readonly edns?: EdnsOut;
}

/** Over UDP, twice when nothing comes. */
export async function askUdp(parts: AskParts, server: Address, asking: Asking): Promise<Asked> {
  let asked: Asked = { kind: 'silence', server };
  for (let i = 0; i < UDP_TRIES && asked.kind === 'silence'; i++) asked = await askUdpOnce(parts, server, asking);
  return asked;
}

async function askUdpOnce({ network, clock, random }: AskParts, server: Address, asking: Asking): Promise<Asked> {
  const id = random.u16();
  const wait = Promise.withResolvers<Asked>();
  const opened = await network.openUdp({
    local: { ip: server.ip.includes(':') ? '::' : '0.0.0.0', port: 0 },
    remote: server,
    onDatagrams: (batch) => {
      for (const { bytes } of batch) {
        const asked = readReply(bytes, id, server, asking.question);
        if (asked !== null) wait.resolve(asked);
      }
    },
    onError: (error) => wait.resolve({ kind: 'refused', server, error }),
  });
  if (!opened.ok) return { kind: 'refused', server, error: opened.error };
  const query = buildQuery({ id, ...asking });
  const cancel = clock.after(TRY_MS, () => wait.resolve({ kind: 'silence', server }));
  opened.value.send(query, query.length, server);
  const asked = await wait.promise;
  cancel();
  opened.value.close();
  return asked;
}

export async function askTcp({ network, clock, random }: AskParts, server: Address, asking: Asking): Promise<Asked> {
  const id = random.u16();
  const wait = Promise.withResolvers<Asked>();
  const frames = new FrameReader();
  const opened = await network.connect({
    remote: server,
    timeoutMs: TRY_MS,
    onData: (bytes) => {
      frames.push(bytes);
      for (let frame = frames.next(); frame !== null; frame = frames.next()) {
        const asked = readReply(frame, id, server, asking.question);
        if (asked !== null) wait.resolve(asked);
      }
    },
    onClose: (error) => wait.resolve(error === null ? { kind: 'silence', server } : { kind: 'refused', server, error }),
  });
  if (!opened.ok && opened.error.kind === 'timeout') return { kind: 'silence', server };
  if (!opened.ok) return { kind: 'refused', server, error: opened.error };
  const cancel = clock.after(TRY_MS, () => wait.resolve({ kind: 'silence', server }));
  opened.value.write(framed(buildQuery({ id, ...asking })));
  const asked = await wait.promise;
  cancel();
  opened.value.destroy();
  return asked;
}

/** Null: not an answer to this question (RFC 5452 §9.1). */
function readReply(bytes: Uint8Array, id: number, server: Address, question: Question): Asked | null {
  if (bytes.length < 12 || readU16(bytes, 0) !== id) return null;
  const parsed = parseMessage(Uint8Array.from(bytes));
  if (!parsed.ok || !parsed.message.has(FLAG.QR)) return null;
  const [first] = parsed.message.questions;
  if (first === undefined || !questionsEqual(first, question)) return null;
  return { kind: 'reply', server, message: parsed.message, octets: bytes.length };
}
