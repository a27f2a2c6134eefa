/**
 * hawser-anchor with real data, IANA's genuine list of 2017 from beside the checkout, and case by case beside unbound-anchor.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ICANN_ROOT_CA_PEM } from '../../src/anchor/icann-ca.ts';
import { anchorText, readAnchorList, validKeys } from '../../src/anchor/root-anchors-xml.ts';
import { verifyDetachedSignature } from '../../src/anchor/verify-cms.ts';
import { runInNamespace, SHARED, whyNotHere } from './programs.ts';

const FOLDER = join(SHARED, 'real-root');
const IN_2017 = Date.parse('2017-06-01T00:00:00Z') / 1000;

describe.skipIf(!existsSync(FOLDER))("IANA's genuine list of 2017", () => {
  const content = new Uint8Array(readFileSync(join(FOLDER, 'root-anchors-2017.xml')));
  const signature = new Uint8Array(readFileSync(join(FOLDER, 'root-anchors-2017.p7s')));
  const demand = { content, signature, authorities: ICANN_ROOT_CA_PEM, signerEmail: 'dnssec@iana.org', at: IN_2017 };

  it('verifies at a date of 2017 and names both keys', async () => {
    expect(await verifyDetachedSignature(demand)).toEqual({ ok: true });
    const list = readAnchorList(new TextDecoder().decode(content));
    expect(list.ok ? anchorText(validKeys(list.keys, IN_2017)) : list.why).toMatch(
      /DS\t19036 8 2 .*\n.*DS\t20326 8 2 /,
    );
  });

  it('does not verify today: its signer was certified until 2021', async () => {
    expect(await verifyDetachedSignature({ ...demand, at: Date.parse('2026-11-28') / 1000 })).toMatchObject({
      ok: false,
    });
  });

  it('fails after a change of any octet of list or signature', async () => {
    for (const name of ['content', 'signature'] as const) {
      const believed: number[] = [];
      for (let i = 0; i < demand[name].length; i++) {
        const changed = demand[name].slice();
        changed[i] = (changed[i] ?? 0) ^ 1;
        if ((await verifyDetachedSignature({ ...demand, [name]: changed })).ok) believed.push(i);
      }
      expect(believed).toEqual([]);
    }
  }, 400_000);
});

/** How a program ended: exit status, what the file holds, connections to the list's server (address, name asked for). */
interface Ended {
  readonly status: number;
  readonly file: string;
  readonly seen: readonly string[];
}

interface Session {
  readonly table: Readonly<Record<string, { readonly unbound: Ended; readonly hawser: Ended }>>;
  readonly states: readonly string[];
  readonly owner: string;
}

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const needs = ['unbound-anchor', 'nsd', 'dig', 'ip', 'nft', 'openssl', 'bash'];
const why = whyNotHere(needs, [FAKETIME, join(FOLDER, 'root-2020101902.zone.gz')]);

/** Where they differ, and why. */
const OTHER: Readonly<Record<string, { readonly unbound: Omit<Ended, 'seen'>; readonly hawser: Omit<Ended, 'seen'> }>> =
  {
    // A signed list without a usable key: unbound-anchor writes it, and nothing is validated from then on.
    'wrong anchor, list of old keys': {
      unbound: { status: 1, file: '' },
      hawser: { status: 2, file: 'DS 20326 wrong' },
    },
    // This release knows the root's next key already.
    'offline, no file': { unbound: { status: 1, file: 'DS 20326' }, hawser: { status: 1, file: 'DS 20326, DS 38696' } },
  };

describe.skipIf(why !== null)(`hawser-anchor beside unbound-anchor ${why ?? ''}`, () => {
  let session: Session = { table: {}, states: [], owner: '' };

  beforeAll(() => {
    session = JSON.parse(runInNamespace('anchor-session.ts', [], 380_000));
  }, 400_000);

  it('ends the same way in every case, with the same file, but for two', () => {
    const rest = ({ status, file }: Ended) => ({ status, file });
    const outcomes = Object.entries(session.table).map(([name, { unbound, hawser }]) => {
      return [name, { unbound: rest(unbound), hawser: rest(hawser) }] as const;
    });
    expect(outcomes.length).toBeGreaterThan(25);
    for (const [name, { unbound, hawser }] of outcomes) {
      expect({ name, unbound, hawser }).toEqual({ name, ...(OTHER[name] ?? { unbound, hawser: unbound }) });
    }
  });

  it("asks the list's server from the same address and for the same name, but never for the name of an address", () => {
    // RFC 6066 section 3: literal addresses are not permitted as server names.
    const asNames = (ended: Ended): string[] => ended.seen.map((line) => line.replace(/ (?:127\.0\.0\.1|::1)$/, ' -'));
    for (const [name, { unbound, hawser }] of Object.entries(session.table)) {
      expect({ name, seen: hawser.seen }).toEqual({ name, seen: asNames(unbound) });
    }
  });

  it("takes unbound-anchor's state file, and gives it one", () => {
    expect(session.states).toEqual(['unbound', 'hawser', 'unbound', 'hawser'].map((each) => `${each} 0 DNSKEY 2`));
  });

  it('keeps owner and mode of the file that it replaces as root', () => {
    expect(session.owner).toBe('1 65534 65534 640 DS 20326');
  });
});
