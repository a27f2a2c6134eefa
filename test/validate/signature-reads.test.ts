/** Proves how often one RRSIG is parsed while it is validated: an attacker's answer may hold many (KeyTrap). */

import { expect, test, vi } from 'vitest';
import { SECURE } from '../../src/terms/verdict.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { SignedTree } from './signed-tree.ts';

const reads = vi.hoisted(() => [] as Uint8Array[]);

vi.mock('../../src/wire/rdata-rrsig.ts', async (importOriginal) => {
  const actual = await importOriginal<typeof import('../../src/wire/rdata-rrsig.ts')>();
  const readRrsig: typeof actual.readRrsig = (rdata) => {
    reads.push(rdata);
    return actual.readRrsig(rdata);
  };
  return { ...actual, readRrsig };
});

test('an RRSIG is read once: finding its signer takes no more than a look at the name', async () => {
  const tree = new SignedTree();
  const first = tree.found('a.test.', TYPE.A, [tree.set(tree.root, 'a.test.', TYPE.A, '192.0.2.1')]);
  expect((await tree.validate(first)).verdict).toEqual(SECURE);
  const second = tree.found('b.test.', TYPE.A, [tree.set(tree.root, 'b.test.', TYPE.A, '192.0.2.1')]);
  reads.length = 0;
  expect((await tree.validate(second)).verdict).toEqual(SECURE);
  const ofData = reads.filter((rdata) => rdata[0] === 0 && rdata[1] === TYPE.A);
  expect(ofData).toHaveLength(1);
});
