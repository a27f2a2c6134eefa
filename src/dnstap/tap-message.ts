/**
 * One copy of a DNS message for a collector, as dnstap.proto of dnstap.info defines it (`Dnstap` with a `Message`).
 *
 * Leaves to others: which messages are copied (taps.ts), how they travel (tap-sender.ts).
 */

import { PbfWriter } from 'pbf';
import type { Address } from '../ports/network.ts';
import { parseIp } from '../wire/ip.ts';

/** `Message.Type`. */
const TAP_TYPE = {
  resolverQuery: 3,
  resolverResponse: 4,
  clientQuery: 5,
  clientResponse: 6,
  forwarderQuery: 7,
  forwarderResponse: 8,
} as const;

export type TapType = keyof typeof TAP_TYPE;

/** `SocketProtocol`. */
const TAP_PROTOCOL = { udp: 1, tcp: 2, tls: 3, https: 4 } as const;

/** A message with what is known of its way. */
export interface TapMessage {
  readonly type: TapType;
  readonly protocol: keyof typeof TAP_PROTOCOL;
  /** Who asks; null: not known. */
  readonly asker: Address | null;
  /** Who is asked; null: not known. */
  readonly server: Address | null;
  /** When the query went, or came, seconds since 1970 with a fraction; null: not known. */
  readonly queryTime: number | null;
  /** The same of the response; null: this is a query. */
  readonly responseTime: number | null;
  /** The zone whose servers are asked, wire form; null: a client asks. */
  readonly zone: Uint8Array | null;
  readonly bytes: Uint8Array;
}

/** Whom messages are from; null: it is not said. */
export interface TapSource {
  readonly identity: Uint8Array | null;
  readonly version: Uint8Array | null;
}

const DNSTAP = { identity: 1, version: 2, message: 14, type: 15 } as const;
/** `Dnstap.Type`. */
const TYPE_MESSAGE = 1;
const MESSAGE = {
  type: 1,
  socketFamily: 2,
  socketProtocol: 3,
  queryAddress: 4,
  responseAddress: 5,
  queryPort: 6,
  responsePort: 7,
  queryTimeSeconds: 8,
  queryTimeNanoseconds: 9,
  queryMessage: 10,
  queryZone: 11,
  responseTimeSeconds: 12,
  responseTimeNanoseconds: 13,
  responseMessage: 14,
} as const;
const FAMILY = { four: 1, six: 2 } as const;

/** The octets of a `Dnstap`. */
export function encodeTapMessage(message: TapMessage, source: TapSource): Uint8Array {
  const writer = new PbfWriter();
  if (source.identity !== null) writer.writeBytesField(DNSTAP.identity, source.identity);
  if (source.version !== null) writer.writeBytesField(DNSTAP.version, source.version);
  writer.writeMessage(DNSTAP.message, writeMessage, message);
  writer.writeVarintField(DNSTAP.type, TYPE_MESSAGE);
  return writer.finish();
}

function writeMessage(message: TapMessage, writer: PbfWriter): void {
  const { type, protocol, asker, server, queryTime, responseTime, zone, bytes } = message;
  const [from, to] = [asker, server].map((end) => (end === null ? null : parseIp(end.ip.replace(/%.*$/, ''))));
  const known = from ?? to;
  writer.writeVarintField(MESSAGE.type, TAP_TYPE[type]);
  if (known != null) writer.writeVarintField(MESSAGE.socketFamily, known.length === 4 ? FAMILY.four : FAMILY.six);
  writer.writeVarintField(MESSAGE.socketProtocol, TAP_PROTOCOL[protocol]);
  if (from != null) writer.writeBytesField(MESSAGE.queryAddress, from);
  if (to != null) writer.writeBytesField(MESSAGE.responseAddress, to);
  if (asker !== null && asker.port > 0) writer.writeVarintField(MESSAGE.queryPort, asker.port);
  if (server !== null && server.port > 0) writer.writeVarintField(MESSAGE.responsePort, server.port);
  if (queryTime !== null) writeTime(writer, MESSAGE.queryTimeSeconds, MESSAGE.queryTimeNanoseconds, queryTime);
  if (responseTime === null) writer.writeBytesField(MESSAGE.queryMessage, bytes);
  if (zone !== null) writer.writeBytesField(MESSAGE.queryZone, zone);
  if (responseTime === null) return;
  writeTime(writer, MESSAGE.responseTimeSeconds, MESSAGE.responseTimeNanoseconds, responseTime);
  writer.writeBytesField(MESSAGE.responseMessage, bytes);
}

function writeTime(writer: PbfWriter, secondsField: number, nanosecondsField: number, time: number): void {
  const seconds = Math.floor(time);
  writer.writeVarintField(secondsField, seconds);
  writer.writeFixed32Field(nanosecondsField, Math.min(999_999_999, Math.floor((time - seconds) * 1e9)));
}
