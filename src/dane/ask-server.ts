/**
 * Asks one DNS server by itself: an authoritative server what it holds, or another validating resolver. Over UDP, over TCP when
 * the reply is cut short.
 *
 * Leaves to others: validation. What comes back is only as good as the way to the server.
 */

import type { Clock } from '../ports/clock.ts';
import type { Address, Network } from '../ports/network.ts';
import type { Random } from '../ports/random.ts';
import { concatBytes, readU16 } from '../wire/bytes.ts';
import { EDE, type ExtendedError, edeText, extendedErrorsOf } from '../wire/ede.ts';
import { readEdns } from '../wire/edns.ts';
import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { type MessageView, parseMessage } from '../wire/message-view.ts';
import type { Name } from '../wire/name.ts';
import { buildQuery } from '../wire/query.ts';
import { type Question, questionOf, questionsEqual } from '../wire/question.ts';
import { FLAG, RCODE, rcodeText } from '../wire/rcode.ts';
import { groupRecords, recordsOf } from '../wire/rrsets.ts';
import { failedLookUp, type Looked, type LookedStatus, type LookUp, lookedFrom } from './look-up.ts';

/** Milliseconds for each try over UDP; a resolver may have to walk far for its first answer. */
const UDP_TRY_MS: readonly number[] = [2_000, 5_000];
const TCP_MS = 8_000;
/** Octets of a datagram that crosses any path (DNS flag day 2020). */
const UDP_OCTETS = 1232;

interface AskParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

/** A reply, or why there is none. */
export type ServerReply =
  | { readonly kind: 'reply'; readonly message: MessageView }
  | { readonly kind: 'failed'; readonly why: string };

/** Asks with the given flags (rcode.ts FLAG). Never rejects. */
export async function askServer(
  parts: AskParts,
  server: Address,
  question: Question,
  flags: number,
): Promise<ServerReply> {
  let reply: ServerReply = { kind: 'failed', why: 'no reply' };
  for (const ms of UDP_TRY_MS) {
    reply = await askOverUdp(parts, server, question, { flags, ms });
    if (reply.kind === 'reply') break;
  }
  // A server that is silent over UDP may answer over TCP (RFC 7766 §5).
  return reply.kind === 'reply' && !reply.message.has(FLAG.TC) ? reply : askOverTcp(parts, server, question, flags);
}

function queryOf(id: number, question: Question, flags: number): Uint8Array {
  return buildQuery({ id, question, flags, edns: { udpSize: UDP_OCTETS, doBit: true } });
}

/** RFC 5452 §9.1: the reply must have our id and our question. */
function replyIn(bytes: Uint8Array, id: number, question: Question): MessageView | null {
  if (bytes.length < 12 || readU16(bytes, 0) !== id) return null;
  const parsed = parseMessage(Uint8Array.from(bytes));
  if (!parsed.ok || !parsed.message.has(FLAG.QR)) return null;
  const [asked] = parsed.message.questions;
  return asked !== undefined && questionsEqual(asked, question) ? parsed.message : null;
}

async function askOverUdp(
  { network, clock, random }: AskParts,
  server: Address,
  question: Question,
  { flags, ms }: { readonly flags: number; readonly ms: number },
): Promise<ServerReply> {
  const id = random.u16();
  const { promise, resolve } = Promise.withResolvers<ServerReply>();
  const opened = await network.openUdp({
    local: { ip: server.ip.includes(':') ? '::' : '0.0.0.0', port: 0 },
    remote: server,
    onDatagrams: (batch) => {
      for (const { bytes } of batch) {
        const message = replyIn(bytes, id, question);
        if (message !== null) resolve({ kind: 'reply', message });
      }
    },
    onError: (error) => resolve({ kind: 'failed', why: error.text }),
  });
  if (!opened.ok) return { kind: 'failed', why: opened.error.text };
  const cancel = clock.after(ms, () => resolve({ kind: 'failed', why: `no reply in ${ms} ms` }));
  const query = queryOf(id, question, flags);
  opened.value.send(query, query.length, server);
  const reply = await promise;
  cancel();
  opened.value.close();
  return reply;
}

async function askOverTcp(parts: AskParts, server: Address, question: Question, flags: number): Promise<ServerReply> {
  const { network, clock, random } = parts;
  const id = random.u16();
  const { promise, resolve } = Promise.withResolvers<ServerReply>();
  const held = new Uint8Array(2 + MAX_MESSAGE_OCTETS);
  let octets = 0;
  const opened = await network.connect({
    remote: server,
    timeoutMs: TCP_MS,
    onData: (bytes) => {
      const piece = bytes.subarray(0, held.length - octets);
      held.set(piece, octets);
      octets += piece.length;
      const end = 2 + readU16(held, 0);
      if (octets < 2 || octets < end) return;
      const message = replyIn(held.subarray(2, end), id, question);
      resolve(message === null ? { kind: 'failed', why: 'a reply to something else' } : { kind: 'reply', message });
    },
    onClose: () => resolve({ kind: 'failed', why: 'the server closed the connection' }),
  });
  if (!opened.ok) return { kind: 'failed', why: opened.error.text };
  const cancel = clock.after(TCP_MS, () => resolve({ kind: 'failed', why: `no reply in ${TCP_MS} ms` }));
  const query = queryOf(id, question, flags);
  opened.value.write(concatBytes(Uint8Array.of(query.length >>> 8, query.length & 255), query));
  const reply = await promise;
  cancel();
  opened.value.destroy();
  return reply;
}

/** Extended errors by which a resolver says that data is bogus (RFC 8914 §4.7 to §4.13). */
const BOGUS_CODES: ReadonlySet<number> = new Set([
  EDE.DNSSEC_BOGUS,
  EDE.SIGNATURE_EXPIRED,
  EDE.SIGNATURE_NOT_YET_VALID,
  EDE.DNSKEY_MISSING,
  EDE.RRSIGS_MISSING,
  EDE.NO_ZONE_KEY_BIT_SET,
  EDE.NSEC_MISSING,
]);

/**
 * Look-ups by another validating resolver: its AD bit is believed when `trustsAd`, which the caller may only say of a way that
 * nobody else can write to (RFC 6840 §5.8): loopback.
 */
export function lookUpAt(parts: AskParts, server: Address, trustsAd: boolean): LookUp {
  return async (name, type) => {
    const reply = await askServer(parts, server, questionOf(name, type), FLAG.RD | FLAG.AD);
    if (reply.kind === 'failed') return failedLookUp(name, 'failed', `${server.ip}: ${reply.why}`);
    return lookedOfReply(reply.message, name, type, trustsAd);
  };
}

function lookedOfReply(message: MessageView, name: Name, type: number, trustsAd: boolean): Looked {
  const { rcode } = message;
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) {
    const edns = readEdns(message);
    const errors = edns === null || edns === 'malformed' ? [] : extendedErrorsOf(edns);
    const isBogus = errors.some(({ code }) => BOGUS_CODES.has(code));
    return failedLookUp(name, isBogus ? 'bogus' : 'failed', [rcodeText(rcode), ...errors.map(errorText)].join(', '));
  }
  const hasAd = message.has(FLAG.AD);
  const status: LookedStatus = hasAd && trustsAd ? 'secure' : 'insecure';
  const why =
    status === 'secure'
      ? null
      : hasAd
        ? 'AD is not believed from a resolver beyond loopback'
        : 'the resolver set no AD';
  const answer = groupRecords(recordsOf(message, message.answer));
  return lookedFrom({
    name,
    type,
    rcode,
    answer,
    authority: groupRecords(recordsOf(message, message.authority)),
    status,
    why,
  });
}

function errorText({ code, text }: ExtendedError): string {
  return text === '' ? edeText(code) : `${edeText(code)}: ${text}`;
}
