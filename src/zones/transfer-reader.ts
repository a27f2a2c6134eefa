/**
 * Reads the messages of a zone transfer: AXFR (RFC 5936) and IXFR (RFC 1995), as a state table without any input or output.
 *
 * Duties: every message must be an answer to the question, of our zone only, in the order that the RFCs give; the end must be
 * the SOA that was at the start; bounds on octets and records. Anything else refuses the whole transfer.
 * Leaves to others: the connection (transfer.ts), what becomes of the zone.
 */

import { MAX_MESSAGE_OCTETS } from '../wire/message-builder.ts';
import { type MessageView, parseMessage } from '../wire/message-view.ts';
import { isAtOrBelow, namesEqual } from '../wire/name.ts';
import { type Question, questionsEqual } from '../wire/question.ts';
import { FLAG, OPCODE, RCODE, rcodeText } from '../wire/rcode.ts';
import { readSoa } from '../wire/rdata-soa.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { type ResourceRecord, recordAt } from '../wire/rrsets.ts';
import { isSerialNewer } from '../wire/serial.ts';
import type { Steps } from '../wire/steps.ts';
import type { Zone } from './zone.ts';
import { WORK_PER_PIECE, ZoneBuilder } from './zone-builder.ts';

interface TransferReaderParts {
  /** Type AXFR or IXFR. */
  readonly question: Question;
  readonly id: number;
  /** The version in force; needed for IXFR. */
  readonly own: Zone | null;
  readonly maxOctets: number;
}

/** How far a transfer is. */
export type TransferStep =
  | { readonly kind: 'more' }
  /** The zone came whole; it has an SOA at the apex. */
  | { readonly kind: 'zone'; readonly steps: Steps<Zone> }
  /** The version in force is as new as what the server has. */
  | { readonly kind: 'current' }
  | { readonly kind: 'refused'; readonly why: string };

type State =
  | 'first'
  /** The first SOA has been read. */
  | 'second'
  /** Records of a whole zone, until the SOA comes again. */
  | 'whole'
  | 'deleting'
  | 'adding'
  | 'ended';

const MORE: TransferStep = { kind: 'more' };

export class TransferReader {
  readonly #parts: TransferReaderParts;
  #state: State = 'first';
  #builder: ZoneBuilder;
  /** Work of the builder at which the piece is done. */
  #until = WORK_PER_PIECE;
  #octets = 0;
  /** The first SOA: it ends the transfer. */
  #soa: ResourceRecord | null = null;
  #serial = 0;
  /** Serial that the changes read so far lead to. */
  #reached = 0;

  constructor(parts: TransferReaderParts) {
    this.#parts = parts;
    this.#builder = new ZoneBuilder(parts.question.name);
  }

  /** Takes a message, in pieces: one of 64 KiB holds thousands of records. */
  *take(bytes: Uint8Array): Steps<TransferStep> {
    this.#octets += bytes.length;
    if (this.#octets > this.#parts.maxOctets) return refused('larger than max-transfer-size');
    if (bytes.length > MAX_MESSAGE_OCTETS) return refused('message too long');
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return refused(`malformed message: ${parsed.reason}`);
    const { message } = parsed;
    // A zone without the records that could not be read would be another zone.
    if (message.dropped.length > 0) return refused('malformed message: bad record');
    const why = this.#whyNotOurs(message);
    if (why !== null) return refused(why);
    const { start, end } = message.answer;
    if (start === end) return refused('message without records');
    // Reading the message was a piece already.
    yield;
    for (let i = start; i < end; i++) {
      const step = this.#takeRecord(recordAt(message, i));
      // RFC 5936 §2.2: nothing follows the last SOA.
      if (step.kind === 'zone' && i + 1 < end) return refused('records after the end');
      if (step.kind !== 'more') return step;
      if (this.#isPieceDone()) yield;
    }
    return this.#state === 'second' && this.#isCurrent() ? { kind: 'current' } : MORE;
  }

  #isPieceDone(): boolean {
    const { work } = this.#builder;
    if (work < this.#until) return false;
    this.#until = work + WORK_PER_PIECE;
    return true;
  }

  #whyNotOurs(view: MessageView): string | null {
    const { question, id } = this.#parts;
    if (view.id !== id) return 'another id';
    if (!view.has(FLAG.QR)) return 'not a response';
    if (view.rcode !== RCODE.NOERROR) return `rcode ${rcodeText(view.rcode)}`;
    if (view.has(FLAG.TC)) return 'truncated';
    if (view.opcode !== OPCODE.QUERY) return 'another opcode';
    // RFC 5936 §2.2.1: the question stands in the first message, in the others it may be missing.
    if (view.questions.some((each) => !questionsEqual(each, question))) return 'another question';
    return view.questions.length === 0 && this.#state === 'first' ? 'no question' : null;
  }

  #takeRecord(record: ResourceRecord): TransferStep {
    const { name } = this.#parts.question;
    if (record.class !== CLASS.IN || !isAtOrBelow(record.owner, name)) return refused('record outside the zone');
    const isSoa = record.type === TYPE.SOA;
    if (isSoa && !namesEqual(record.owner, name)) return refused('SOA of another zone');
    switch (this.#state) {
      case 'first':
        return this.#takeFirst(record);
      case 'second':
        return this.#takeSecond(record);
      case 'whole':
        return isSoa ? this.#end(record) : this.#add(record);
      case 'deleting':
        return isSoa ? this.#startAdding(record) : this.#delete(record);
      case 'adding':
        return isSoa ? this.#startDeletingOrEnd(record) : this.#add(record);
      default:
        return refused('records after the end');
    }
  }

  #takeFirst(record: ResourceRecord): TransferStep {
    const serial = serialOf(record);
    if (serial === null) return refused('does not start with an SOA');
    this.#soa = record;
    this.#serial = serial;
    this.#state = 'second';
    return MORE;
  }

  #takeSecond(record: ResourceRecord): TransferStep {
    const { own, question } = this.#parts;
    const ownSerial = own?.soa?.serial ?? null;
    const serial = serialOf(record);
    if (question.type === TYPE.IXFR && serial !== null && serial === ownSerial && own !== null) {
      // RFC 1995 §4: the second record is the SOA of the version that we have: differences follow.
      if (serial === this.#serial) return { kind: 'current' };
      this.#builder = new ZoneBuilder(question.name, own);
      this.#until = WORK_PER_PIECE;
      this.#state = 'deleting';
      return this.#delete(record);
    }
    this.#state = 'whole';
    const first = this.#soa === null ? MORE : this.#add(this.#soa);
    if (first.kind !== 'more') return first;
    return record.type === TYPE.SOA ? this.#end(record) : this.#add(record);
  }

  #add(record: ResourceRecord): TransferStep {
    return this.#builder.add(record) === 'too-many' ? refused('too many records') : MORE;
  }

  #delete(record: ResourceRecord): TransferStep {
    return this.#builder.remove(record) ? MORE : refused('deletes a record that is not there');
  }

  #startAdding(soa: ResourceRecord): TransferStep {
    this.#reached = serialOf(soa) ?? 0;
    this.#state = 'adding';
    return this.#add(soa);
  }

  /** RFC 1995 §4: after additions either the next difference sequence or, at the end, the newest SOA once more. */
  #startDeletingOrEnd(soa: ResourceRecord): TransferStep {
    const serial = serialOf(soa);
    if (serial !== this.#reached) return refused('differences do not follow each other');
    if (serial === this.#serial) return this.#finish();
    this.#state = 'deleting';
    return this.#delete(soa);
  }

  #end(soa: ResourceRecord): TransferStep {
    // RFC 5936 §2.2: the last record is the same SOA as the first.
    return serialOf(soa) === this.#serial ? this.#finish() : refused('ends with another SOA');
  }

  #finish(): TransferStep {
    this.#state = 'ended';
    return { kind: 'zone', steps: this.#builder.buildSteps() };
  }

  #isCurrent(): boolean {
    const ownSerial = this.#parts.own?.soa?.serial ?? null;
    return this.#parts.question.type === TYPE.IXFR && ownSerial !== null && !isSerialNewer(this.#serial, ownSerial);
  }
}

function serialOf(record: ResourceRecord): number | null {
  return record.type === TYPE.SOA ? (readSoa(record.rdata)?.serial ?? null) : null;
}

function refused(why: string): TransferStep {
  return { kind: 'refused', why };
}
