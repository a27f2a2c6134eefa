/**
 * RFC 9824, compact denial of existence, played out with a whole resolver: one NSEC at the very name instead of a proof that
 * it is not there, NXNAME for names that do not exist.
 */

import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/wire/bytes.ts';
import { prependLabel } from '../../src/wire/name.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { bitmapOf } from '../../src/wire/type-bitmap.ts';
import { onType } from '../world/lies.ts';
import { recordOf, subjectOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';

const AUTH = '192.0.2.1';

/** A zone that answers every denial of an address by one NSEC with these types. */
function compact(types: readonly number[], rcode: number = RCODE.NOERROR): Scene {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  scene.tamper(
    AUTH,
    onType(TYPE.A, (reply) => {
      const owner = reply.question?.name;
      if (owner === undefined || reply.answer.length > 0) return reply;
      const next = prependLabel(Uint8Array.of(0), owner) ?? owner;
      const nsec = {
        ...recordOf('test. 300 TXT x'),
        owner,
        type: TYPE.NSEC,
        rdata: concatBytes(next, bitmapOf(types)),
      };
      const soa = reply.authority.filter((one) => subjectOf(one) === TYPE.SOA);
      return { ...reply, flags: (reply.flags & 0xfff0) | rcode, authority: [...soa, ...scene.signed('test.', [nsec])] };
    }),
  );
  return scene;
}

async function statusOf(scene: Scene, name: string): Promise<string> {
  await scene.start();
  const { status } = await scene.ask(name, 'A');
  await scene.stop();
  return status;
}

const { RRSIG, NSEC, NXNAME, TXT, A, CNAME, NS } = TYPE;

describe('§3.1, names that do not exist', () => {
  test('are NODATA with NXNAME, secure', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, NXNAME]), 'nothing.test.')).toBe('NOERROR ad');
  });

  test('may come with NXDOMAIN, secure as well (§3.4, §5)', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, NXNAME], RCODE.NXDOMAIN), 'nothing.test.')).toBe('NXDOMAIN ad');
  });

  test('with NXDOMAIN but without NXNAME exist: the signed record decides', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, TXT], RCODE.NXDOMAIN), 'some.test.')).toBe('NOERROR ad');
  });
});

describe('§3.2, names without the type', () => {
  test('are NODATA, secure', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, TXT]), 'some.test.')).toBe('NOERROR ad');
  });

  test('with the type in the bitmap are bogus', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, A]), 'some.test.')).toBe('SERVFAIL');
  });

  test('with CNAME in the bitmap are bogus', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, CNAME]), 'some.test.')).toBe('SERVFAIL');
  });

  test('at a delegation are bogus', async () => {
    expect(await statusOf(compact([RRSIG, NSEC, NS]), 'some.test.')).toBe('SERVFAIL');
  });
});

test('§3.3, an empty non-terminal has a bitmap of RRSIG and NSEC alone', async () => {
  expect(await statusOf(compact([RRSIG, NSEC]), 'ent.test.')).toBe('NOERROR ad');
});

test('§3.4, NXNAME in a question is not resolved as data', async () => {
  const scene = Scene.withTest('www IN A 192.0.2.80');
  await scene.start();
  const reply = await scene.ask('www.test.', 'TYPE128');
  expect(reply.answer).toEqual([]);
  await scene.stop();
});
