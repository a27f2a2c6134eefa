/** A test server's reply in octets: which of its zones answers, EDNS, truncation, and the faults of servers. */

import { readU16, writeU16 } from '../../src/wire/bytes.ts';
import { readEdns } from '../../src/wire/edns.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { type MessageView, parseMessage } from '../../src/wire/message-view.ts';
import { isAtOrBelow, isBelow, namesEqual, ROOT } from '../../src/wire/name.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import type { Question } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { packRRset } from '../../src/wire/rrset.ts';
import { answerFrom, type Draft, newDraft, type PlacedSet } from './answer.ts';
import type { ServerFault } from './breakage.ts';
import type { Zone } from './zone.ts';

/** Datagram size of a client without EDNS (RFC 1035 §2.3.4). */
const CLASSIC_UDP_OCTETS = 512;
/** Datagram size that test servers state. */
const SERVER_UDP_OCTETS = 1232;

/** A query as it came. */
export interface ReplyRequest {
  readonly query: Uint8Array;
  /** Address that was asked. */
  readonly ip: string;
  readonly transport: 'udp' | 'tcp';
}

/** The reply of a server that has `zones`; null: silence. */
export function replyTo(request: ReplyRequest, zones: readonly Zone[]): Uint8Array | null {
  const parsed = parseMessage(request.query);
  const [question] = parsed.ok ? parsed.message.questions : [];
  if (!parsed.ok || question === undefined) return null;
  const zone = zoneFor(question, zones);
  const has = (fault: ServerFault) => zone?.breakages.has(fault, { ip: request.ip, type: question.type }) ?? false;
  const { message } = parsed;
  if (has('dead') || (has('truncated-without-tcp') && request.transport === 'tcp')) return null;
  if (has('garbage')) return Uint8Array.of(...request.query.subarray(0, 2), 0x80, 1, 2, 3);
  const isTruncated = (has('always-truncated') || has('truncated-without-tcp')) && request.transport === 'udp';
  if (isTruncated) return write(message, newDraft(RCODE.NOERROR, FLAG.AA | FLAG.TC), request);
  if (has('no-edns') && message.optIndex >= 0) return formerr(message, question);
  const octets = write(message, draftFor(question, zone, has), request);
  if (has('wrong-id')) writeU16(octets, 0, readU16(octets, 0) ^ 0x0101);
  return octets;
}

/** The deepest zone that the name is in; a DS question goes to the parent of the cut, where the server has it. */
function zoneFor({ name, type }: Question, zones: readonly Zone[]): Zone | null {
  let best: Zone | null = null;
  for (const zone of zones) {
    if (!isAtOrBelow(name, zone.apex)) continue;
    // RFC 4035 §3.1.4.1: the DS set lives on the parent's side.
    const isOwnApex = type === TYPE.DS && namesEqual(name, zone.apex) && zone.apex.length > 1;
    const hasParent = zones.some((other) => isBelow(zone.apex, other.apex));
    if (isOwnApex && hasParent) continue;
    if (best === null || isBelow(zone.apex, best.apex)) best = zone;
  }
  return best;
}

function draftFor(question: Question, zone: Zone | null, has: (fault: ServerFault) => boolean): Draft {
  if (zone === null || has('refused')) return newDraft(RCODE.REFUSED, 0);
  if (has('servfail')) return newDraft(RCODE.SERVFAIL, 0);
  if (has('lame')) return upwardReferral();
  if (has('wrong-question')) return answerFrom(zone, { ...question, name: zone.apex });
  return answerFrom(zone, question);
}

function upwardReferral(): Draft {
  const draft = newDraft(RCODE.NOERROR, 0);
  const rdatas = [mustParseName('a.root-servers.net.')];
  draft.authority.push({ set: { owner: ROOT, type: TYPE.NS, class: CLASS.IN, ttl: 518_400, rdatas }, signatures: [] });
  return draft;
}

function formerr(query: MessageView, question: Question): Uint8Array {
  const buffer = new Uint8Array(512);
  const builder = new MessageBuilder(buffer);
  builder.start({ id: query.id, flags: FLAG.QR, rcode: RCODE.FORMERR });
  builder.question(question);
  return buffer.slice(0, builder.finish());
}

function write(query: MessageView, draft: Draft, { transport }: ReplyRequest): Uint8Array {
  const edns = readEdns(query);
  const opt = edns === null || edns === 'malformed' ? null : edns;
  const buffer = new Uint8Array(65_535);
  const builder = new MessageBuilder(buffer);
  builder.start({
    id: query.id,
    flags: FLAG.QR | draft.flags | (query.flags & (FLAG.RD | FLAG.CD)),
    rcode: draft.rcode,
  });
  if (transport === 'udp') {
    builder.limit(opt === null ? CLASSIC_UDP_OCTETS : Math.min(SERVER_UDP_OCTETS, Math.max(512, opt.udpSize)));
  }
  if (opt !== null) builder.reserve(11);
  for (const question of query.questions) builder.question(question);
  const withSignatures = opt?.doBit ?? false;
  for (const section of ['answer', 'authority', 'additional'] as const) {
    for (const placed of draft[section]) {
      if (isHidden(placed, section, withSignatures)) continue;
      const signatures = withSignatures ? placed.signatures : [];
      const owner = placed.owner ?? placed.set.owner;
      builder.rrset(section, packRRset({ ...placed.set, owner, signatures }), placed.set.ttl);
    }
  }
  if (builder.truncated) builder.setFlags(FLAG.TC);
  if (opt !== null) builder.edns({ udpSize: SERVER_UDP_OCTETS, doBit: opt.doBit });
  return buffer.slice(0, builder.finish());
}

/** RFC 4035 §3.1: proofs are for those who asked for them. */
function isHidden({ set }: PlacedSet, section: string, withSignatures: boolean): boolean {
  if (withSignatures || section !== 'authority') return false;
  return set.type === TYPE.NSEC || set.type === TYPE.NSEC3 || set.type === TYPE.DS;
}
