/** Proves that with `minimal-responses: no` replies hold in each section what those of a live Unbound hold. */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';

const why = whyNotHere(['nsd', 'dig', 'ip', 'unbound']);

type Replies = Readonly<
  Record<string, { readonly authority: readonly string[]; readonly additional: readonly string[] }>
>;

interface Sides {
  readonly unbound: Replies;
  readonly hawser: Replies;
}

describe.skipIf(why !== null)(`replies that are not minimal ${why ?? ''}`, () => {
  let scrubbed: Sides;
  let whole: Sides;
  beforeAll(() => {
    const session = JSON.parse(runInNamespace('full-sections-session.ts', [], 110_000));
    scrubbed = session.scrubbed as Sides;
    whole = session.whole as Sides;
  }, 120_000);

  test('hold the sections of Unbound, with NS sets beside answers scrubbed', () => {
    expect(scrubbed.hawser).toEqual(scrubbed.unbound);
    expect(scrubbed.hawser['full.test MX again']).toMatchObject({
      authority: [],
      additional: ['mail.full.test. IN A 192.0.2.25', 'mail.full.test. IN AAAA 2001:db8::25'],
    });
  });

  test('hold the sections of Unbound, with the NS set of the zone and its addresses', () => {
    expect(whole.hawser).toEqual(whole.unbound);
    expect(whole.hawser['mail.full.test A again']).toMatchObject({
      authority: ['full.test. IN NS ns.full.test.', 'full.test. IN NS ns2.full.test.'],
      additional: [
        'ns.full.test. IN A 192.0.2.53',
        'ns2.full.test. IN A 192.0.2.54',
        'ns2.full.test. IN AAAA 2001:db8::54',
      ],
    });
  });
});
