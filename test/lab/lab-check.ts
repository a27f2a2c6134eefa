/** Asks the lab's own lines over real sockets and compares what comes with what each should show. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from '../../src/ports/network.ts';
import { readU16 } from '../../src/wire/bytes.ts';
import { readEdns } from '../../src/wire/edns.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { buildQuery } from '../../src/wire/query.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG, rcodeText } from '../../src/wire/rcode.ts';
import { TYPE, typeFromText } from '../../src/wire/rr-type.ts';
import { recordsOf } from '../../src/wire/rrsets.ts';
import { EDE_OPTION_CODE } from '../replay/match.ts';
import type { LabLine } from './lab-lines.ts';

/** Milliseconds that a client waits for its answer. */
const PATIENCE_MS = 20_000;

/** Asks one line; null when all is as it should be, else what is not. */
export async function checkLine(line: LabLine, at: Address): Promise<string | null> {
  const reply = await ask(line, at);
  if (reply === null) return 'no answer';
  const parsed = parseMessage(reply);
  return parsed.ok ? lineDifference(line, parsed.message) : `malformed answer: ${parsed.reason}`;
}

async function ask(line: LabLine, at: Address): Promise<Uint8Array | null> {
  const question = questionOf(mustParseName(line.name), typeFromText(line.type) ?? 0);
  const flags = FLAG.RD | (line.options === '+cd' ? FLAG.CD : 0);
  const query = buildQuery({ id: 4711, question, flags, edns: { udpSize: 1232, doBit: true } });
  const socket = createSocket('udp4');
  try {
    socket.send(query, at.port, at.ip);
    const [bytes] = await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return new Uint8Array(bytes);
  } catch {
    return null;
  } finally {
    socket.close();
  }
}

/** What is not as the line says; null when all is. */
export function lineDifference(line: LabLine, message: MessageView): string | null {
  if (message.rcode !== line.rcode)
    return `${rcodeText(message.rcode)} instead of ${rcodeText(line.rcode)}${edeText(message)}`;
  if (message.has(FLAG.AD) !== line.isAuthentic) return `AD is ${message.has(FLAG.AD) ? 'set' : 'not set'}`;
  const answers = recordsOf(message, message.answer).filter(({ type }) => type !== TYPE.RRSIG).length;
  if (answers < line.answers) return `${answers} records instead of ${line.answers}`;
  const codes = edeCodes(message);
  if (line.ede !== undefined && !line.ede.some((code) => codes.includes(code))) {
    return `EDE ${codes.join(', ') || 'missing'} instead of ${line.ede.join(' or ')}`;
  }
  return null;
}

function edeCodes(message: MessageView): number[] {
  const edns = readEdns(message);
  if (edns === null || edns === 'malformed') return [];
  return edns.options.filter(({ code }) => code === EDE_OPTION_CODE).map(({ data }) => readU16(data, 0));
}

function edeText(message: MessageView): string {
  const codes = edeCodes(message);
  return codes.length === 0 ? '' : ` (EDE ${codes.join(', ')})`;
}
