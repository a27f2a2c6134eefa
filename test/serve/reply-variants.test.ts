/**
 * Proves that one finished reply serves all clients that get the same octets, and nobody else: what a look-up below the reply
 * cache would give is what comes out of it, for every form of query.
 */

import { describe, expect, test } from 'vitest';
import type { Answered } from '../../src/terms/resolution.ts';
import type { Verdict } from '../../src/terms/verdict.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { questionFrom } from '../support/records.ts';
import { type Asking, answered, BOGUS, INSECURE, PlayedResolver, queryFor, ranked } from './serving.ts';

const SENTINEL = 'root-key-sentinel-not-ta-20326.example.';

/** What clients set, and the sizes that they take. */
const FORMS: readonly Asking[] = [
  {},
  { ad: true },
  { cd: true },
  { udpSize: 1232 },
  { udpSize: 4096, ad: true },
  { udpSize: 1232, cd: true },
  { udpSize: 512, doBit: true },
  { udpSize: 4096, doBit: true, cd: true },
];

/** What a client sees of its reply. */
function textOf(server: PlayedResolver, resolution: Answered, form: Asking): unknown {
  const { rcode, flags, records, errors } = server.reply(resolution.question, form);
  return { rcode, flags, records, errors };
}

const question = questionFrom('www.example.');
const line = 'www.example. A 192.0.2.1';
const UNREACHABLE: Verdict = {
  status: 'indeterminate',
  why: { kind: 'chain-data-unreachable', zone: 'example.', data: 'DS', how: 'no-answer' },
};

const CASES: readonly (readonly [string, Answered, number])[] = [
  [
    'insecure, without signatures',
    answered(question, { answer: [ranked([line], { signed: false })], verdict: INSECURE }),
    1,
  ],
  ['not validated', answered(question, { answer: [ranked([line], { signed: false })], verdict: null }), 1],
  ['secure and signed', answered(question, { answer: [ranked([line])] }), 2],
  ['bogus, without signatures', answered(question, { answer: [ranked([line], { signed: false })], verdict: BOGUS }), 2],
  ['bogus and signed', answered(question, { answer: [ranked([line])], verdict: BOGUS }), 4],
  ['indeterminate', answered(question, { answer: [ranked([line], { signed: false })], verdict: UNREACHABLE }), 2],
  [
    'a denial with unsigned NSEC',
    answered(question, {
      rcode: RCODE.NXDOMAIN,
      denied: true,
      authority: [ranked(['example. NSEC zz.example. A'], { signed: false })],
      verdict: INSECURE,
    }),
    2,
  ],
  [
    'the name of a root key sentinel',
    answered(questionFrom(SENTINEL), { answer: [ranked([`${SENTINEL} A 192.0.2.1`])] }),
    4,
  ],
];

describe('a finished reply', () => {
  test.each(CASES)('%s: comes out as it would be made for each client', (_what, resolution, entries) => {
    for (const first of FORMS) {
      const server = new PlayedResolver({ rootKeyTags: () => new Set([20_326]) }).know(resolution);
      server.reply(resolution.question, first);
      for (const form of FORMS) {
        const made = textOf(
          new PlayedResolver({ rootKeyTags: () => new Set([20_326]) }).know(resolution),
          resolution,
          form,
        );
        expect(textOf(server, resolution, form)).toEqual(made);
        // The second time it comes out of the reply cache for sure.
        expect(textOf(server, resolution, form)).toEqual(made);
      }
      expect(server.serve.stats.bugs).toBe(0);
      expect(server.replies.count).toBe(entries);
    }
  });

  test('of bogus data never reaches a client without CD, whoever asked first', () => {
    const bogus = answered(question, { answer: [ranked([line])], verdict: BOGUS });
    const server = new PlayedResolver().know(bogus);
    expect(server.reply(question, { cd: true }).records).toHaveLength(1);
    expect(server.reply(question, { udpSize: 1232, doBit: true, cd: true }).records).toHaveLength(2);
    server.known.clear();
    // Nothing is finished for them: the resolver is asked.
    for (const form of FORMS.filter(({ cd }) => cd !== true)) {
      const answer = server.send(queryFor(question, form), form);
      expect(answer).toBe('handed over');
    }
  });

  test('made for one client serves those of 512 octets without EDNS and those who may look without RD', () => {
    const insecure = answered(question, { answer: [ranked([line], { signed: false })], verdict: INSECURE });
    const access = [{ address: Uint8Array.of(127, 0, 0, 0), prefixLength: 8, action: 'allow_snoop' as const }];
    const server = new PlayedResolver({ access }).know(insecure);
    server.reply(question, { udpSize: 4096, doBit: true });
    server.known.clear();
    expect(server.reply(question).records).toHaveLength(1);
    expect(server.reply(question, { rd: false }).flags).toBe('QR RA');
    expect(server.replies.hits).toBe(2);
  });
});
