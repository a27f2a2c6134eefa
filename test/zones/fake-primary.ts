/** A primary of the test: answers SOA over UDP, AXFR and IXFR over TCP, with whatever zone it holds now. */

import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { parseMessage } from '../../src/wire/message-view.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResourceRecord } from '../../src/wire/rrsets.ts';
import type { Zone } from '../../src/zones/zone.ts';
import type { FakePorts } from '../fake/fake-ports.ts';
import type { IncomingQuery } from '../fake/fake-server.ts';

/** A primary at one address. */
export class FakePrimary {
  zone: Zone | null;
  /** False: queries are not answered. */
  isAlive = true;
  /** True: a transfer begins and never ends. */
  isEndless = false;
  /** What it was asked, `SOA udp` and so on. */
  readonly asked: string[] = [];

  constructor(ports: FakePorts, ip: string, zone: Zone | null) {
    this.zone = zone;
    ports.servers.serve(ip, (query) => this.#take(query));
  }

  #take(query: IncomingQuery): void {
    const parsed = parseMessage(query.bytes.slice());
    if (!parsed.ok) return;
    const { message } = parsed;
    const [question] = message.questions;
    if (question === undefined) return;
    const name = question.type === TYPE.SOA ? 'SOA' : question.type === TYPE.IXFR ? 'IXFR' : 'AXFR';
    this.asked.push(`${name} ${query.transport}`);
    const { zone } = this;
    if (!this.isAlive || zone === null) return;
    const records = [...zone.records()];
    const soa = records.find((record) => record.type === TYPE.SOA) as ResourceRecord;
    const rest = records.filter((record) => record !== soa);
    const whole = question.type === TYPE.SOA ? [soa] : this.isEndless ? [soa, ...rest] : [soa, ...rest, soa];
    const buffer = new Uint8Array(65_535);
    const builder = new MessageBuilder(buffer);
    builder.start({ id: message.id, flags: FLAG.QR | FLAG.AA, rcode: 0 });
    builder.question(question);
    for (const record of whole) builder.record('answer', record);
    query.reply(buffer.slice(0, builder.finish()));
  }
}
