/**
 * Asks a primary over UDP for the serial of its zone, so that an unchanged zone costs one packet (RFC 1034 §4.3.5).
 *
 * Duties: a fresh port and id for each try, waits that double, ignoring what is no answer.
 */

import type { Address } from '../ports/network.ts';
import { readU16 } from '../wire/bytes.ts';
import { parseMessage } from '../wire/message-view.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { type Question, questionsEqual } from '../wire/question.ts';
import { FLAG, RCODE } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import type { TransferParts } from './transfer.ts';
import { PROBE_TIMEOUT_MS, PROBE_TIMEOUT_STOP_MS } from './zone-options.ts';

/** What a probe found: the serial, or that this server cannot be asked. */
type Probed = { readonly kind: 'serial'; readonly serial: number } | { readonly kind: 'failed'; readonly why: string };

/** Probes one server. Never rejects. */
export async function probeSerial(
  parts: TransferParts,
  zone: Name,
  server: Address,
  signal: AbortSignal,
): Promise<Probed> {
  for (let waitMs = PROBE_TIMEOUT_MS; waitMs <= PROBE_TIMEOUT_STOP_MS; waitMs *= 2) {
    const probed = await probeOnce(parts, zone, server, waitMs);
    if (probed !== null) return probed;
    if (signal.aborted) return { kind: 'failed', why: 'stopped' };
  }
  return { kind: 'failed', why: 'SOA probe: timeout' };
}

async function probeOnce(
  { network, clock, random }: TransferParts,
  zone: Name,
  server: Address,
  waitMs: number,
): Promise<Probed | null> {
  const id = random.u16();
  const question = { name: zone, type: TYPE.SOA, class: CLASS.IN };
  let settle: (probed: Probed | null) => void = () => {};
  const ended = new Promise<Probed | null>((resolve) => {
    settle = resolve;
  });
  const opened = await network.openUdp({
    local: { ip: server.ip.includes(':') ? '::' : '0.0.0.0', port: 0 },
    remote: server,
    onDatagrams: (batch) => {
      for (const { bytes } of batch) {
        const probed = readSerial(bytes, id, question);
        if (probed !== null) settle(probed);
      }
    },
    onError: (error) => settle({ kind: 'failed', why: `SOA probe: ${error.text}` }),
  });
  if (!opened.ok) return { kind: 'failed', why: `SOA probe: ${opened.error.text}` };
  const cancel = clock.after(waitMs, () => settle(null));
  const query = buildQuery({ id, question, flags: 0 });
  opened.value.send(query, query.length, server);
  try {
    return await ended;
  } finally {
    cancel();
    opened.value.close();
  }
}

/** Null: not the answer; the wait goes on. */
function readSerial(bytes: Uint8Array, id: number, question: Question): Probed | null {
  if (bytes.length < 12 || readU16(bytes, 0) !== id) return null;
  const parsed = parseMessage(Uint8Array.from(bytes));
  if (!parsed.ok) return null;
  const { message } = parsed;
  const [asked] = message.questions;
  if (!message.has(FLAG.QR) || asked === undefined || !questionsEqual(asked, question)) return null;
  if (message.rcode !== RCODE.NOERROR) return { kind: 'failed', why: 'SOA probe: no NOERROR' };
  for (let i = message.answer.start; i < message.answer.end; i++) {
    if (message.type(i) !== TYPE.SOA || !namesEqual(message.owner(i), question.name)) continue;
    const soa = readSoa(message.rdata(i));
    if (soa !== null) return { kind: 'serial', serial: soa.serial };
  }
  return { kind: 'failed', why: 'SOA probe: no SOA in the answer' };
}
