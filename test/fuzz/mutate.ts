/** Seeded chance, sample messages and their mutations, for fuzzing. The same seed gives the same inputs on every machine. */

import { concatBytes } from '../../src/wire/bytes.ts';
import { EDE, edeOption } from '../../src/wire/ede.ts';
import { MessageBuilder } from '../../src/wire/message-builder.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { FLAG } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRecords } from '../../src/wire/rrsets.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';

/** A generator of whole numbers from 0 up to, not including, its argument. */
export type Dice = (below: number) => number;

/** Dice of a seed (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A zone with every shape of rdata that the parser distinguishes. */
const SAMPLE_ZONE = `$ORIGIN example.org.
@ 3600 SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ NS NS2
@ RRSIG NS 13 2 3600 20301204170000 20261122160000 57780 example.org. AAECAwQFBgc=
@ MX 10 mail
@ MX 20 mail2.example.net.
@ TXT "v=spf1 -all" "more"
@ DNSKEY 257 3 13 AAECAwQFBgcICQ==
@ CAA 0 issue "ca.example"
@ NSEC a NS SOA MX TXT RRSIG NSEC DNSKEY CAA
@ HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
www CNAME host.example.org.
alias DNAME example.net.
sub DS 12345 13 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
2vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 1 5 AABB 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG
_25._tcp.mail TLSA 3 1 1 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
_sip._tcp SRV 0 5 5060 sip
enum NAPTR 100 50 "s" "z" "" _sip._tcp
old AFSDB 1 ns1
odd LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
odd APL 1:192.168.32.0/21 !2:2001:db8::/32
odd TYPE65280 \\# 4 00010203
`;

/** Messages of all shapes to mutate. */
export function sampleMessages(): Uint8Array[] {
  const sets = packRecords(readZoneText(SAMPLE_ZONE).records);
  const buffer = new Uint8Array(65_535);
  const builder = new MessageBuilder(buffer);
  const qname = mustParseName('www.example.org.');
  const messages: Uint8Array[] = [];
  for (const [i, { rrset, ttl }] of sets.entries()) {
    builder.start({ id: i, flags: FLAG.QR | FLAG.AA, rcode: 0 });
    builder.question(questionOf(qname, TYPE.A));
    builder.rrset('answer', rrset, ttl);
    for (const other of sets.slice(i + 1, i + 4)) builder.rrset('authority', other.rrset, other.ttl);
    const options = [edeOption({ code: EDE.DNSSEC_BOGUS, text: 'why' }), { code: 10, data: new Uint8Array(8) }];
    if (i % 2 === 0) builder.edns({ udpSize: 1232, doBit: true, options });
    messages.push(buffer.slice(0, builder.finish()));
  }
  return messages;
}

/** Values that sit on borders of the format. */
const EDGES = [0, 1, 0x0b, 0x0c, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

/** A copy of `message` with one to four changes; may be of another length. */
export function mutate(message: Uint8Array, others: readonly Uint8Array[], dice: Dice): Uint8Array {
  let mutated: Uint8Array = message.slice();
  for (let changes = 1 + dice(4); changes > 0; changes--) mutated = mutateOnce(mutated, others, dice);
  return mutated.subarray(0, 65_535);
}

function mutateOnce(message: Uint8Array, others: readonly Uint8Array[], dice: Dice): Uint8Array {
  const at = dice(message.length + 1);
  const span = 1 + dice(16);
  switch (dice(8)) {
    case 0:
      message[at] = dice(256);
      return message;
    case 1:
      message[at] = EDGES[dice(EDGES.length)] ?? 0;
      return message;
    case 2:
      message[at] = (message[at] ?? 0) ^ (1 << dice(8));
      return message;
    case 3:
      return message.slice(0, at);
    case 4:
      return concatBytes(message.subarray(0, at), message.subarray(at + span));
    case 5:
      return concatBytes(message.subarray(0, at), message.subarray(at, at + span), message.subarray(at));
    case 6:
      // A compression pointer to anywhere near.
      message.set([0xc0 | dice(2), dice(256)].slice(0, Math.max(0, message.length - at)), at);
      return message;
    default: {
      const other = others[dice(others.length)] ?? message;
      return concatBytes(message.subarray(0, at), other.subarray(dice(other.length)));
    }
  }
}
