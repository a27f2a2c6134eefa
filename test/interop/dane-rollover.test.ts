/**
 * Proves with real name servers, a real Postfix and the hook for certbot and acme.sh that a roll-over is led without a step that
 * loses mail: nothing is called safe while a server lags, fell back or is silent, and the certificate changes only when it may.
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { runInNamespace, whyNotHere } from './programs.ts';
import { SIGNER_PROGRAMS } from './real-signers.ts';

const why = whyNotHere(['postfix', 'openssl', 'nsd', 'dig', 'ip', ...SIGNER_PROGRAMS]);

interface Said {
  readonly steps: Readonly<Record<string, { readonly status: number; readonly text: string }>>;
  readonly old: string;
  readonly next: string;
  /** The chain file holds the next certificate at the end. */
  readonly chain: boolean;
}

describe.skipIf(why !== null)(`hawser dane rollover ${why ?? ''}`, () => {
  let said: Said;

  beforeAll(() => {
    said = JSON.parse(runInNamespace('dane-rollover-session.ts', [], 110_000)) as Said;
  }, 115_000);

  test.each([
    ['plan', 0, /^Publish both/],
    ['planAgain', 3, /is there already/],
    ['oldOnly', 1, /^publish _25\._tcp\.mx\.roll\.org\. .* missing at ns1\S* \(198\.51\.100\.2\), ns2/],
    ['secondLags', 1, /next no, TTL 300[\s\S]*missing at ns2\.roll\.org\. \(198\.51\.100\.3\)\n$/],
    ['justPublished', 1, /^wait until \d{4}-/],
    ['longEnough', 0, /^use the next key/],
    ['secondFellBack', 1, /^publish .* missing at ns2/],
    ['waitsAnew', 1, /^wait until/],
    ['secondSilent', 3, /^nothing is safe now: not all servers answer: ns2/],
    ['afterSwitch', 0, /^remove .* still at ns1.*, ns2/],
    ['oneRemoved', 0, /^remove .* still at ns2/],
    ['done', 0, /^done/],
  ] as const)('%s: exit status %d', (step, status, text) => {
    expect(said.steps[step]).toMatchObject({ status });
    expect(said.steps[step]?.text).toMatch(text);
  });

  test.each([
    ['renewedWithSameKey', 0],
    ['hookTooEarly', 1],
    ['hookStillTooEarly', 1],
    ['thirdKey', 1],
    ['switched', 0],
  ] as const)('the hook: %s ends with %d', (step, status) => {
    expect(said.steps[step]?.status).toBe(status);
    expect(said.steps[step]?.text.includes('stays as it is')).toBe(status !== 0);
  });

  test('names the records as openssl digests them, and ends with the next certificate in use', () => {
    expect(said.steps.oldOnly?.text).toContain(said.next);
    expect(said.steps.oneRemoved?.text).toContain(said.old);
    expect(said.chain).toBe(true);
  });
});
