/**
 * RFC 5155 §8 and §9: what a validator accepts of NSEC3, and what opt-out costs, played out with a whole resolver. With
 * RFC 9276 §3.2, iterations that are too many.
 */

import { describe, expect, test } from 'vitest';
import { toBase32hex } from '../../src/wire/bytes.ts';
import { EDE } from '../../src/wire/ede.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { type DenialStyle, hashName } from '../world/denial-chain.ts';
import { onType } from '../world/lies.ts';
import { recordOf, subjectOf } from '../world/loose-message.ts';
import { Scene } from '../world/scene.ts';
import { NSEC3, NSEC3_OPT_OUT } from '../world/zone.ts';

const AUTH = '192.0.2.1';
const TEXT = 'www IN A 192.0.2.80\n*.wild IN A 192.0.2.81\na.b.c IN A 192.0.2.82';
const CHILD = { servers: { 'ns.sub.test.': ['192.0.2.2'] }, text: 'www IN A 192.0.2.90' };

function zone(denial: DenialStyle = NSEC3): Scene {
  return Scene.withTest(TEXT, { signing: { denial } });
}

async function statusOf(scene: Scene, name: string, type = 'A', config: readonly string[] = []): Promise<string> {
  await scene.start(config);
  const { status } = await scene.ask(name, type);
  await scene.stop();
  return status;
}

/** The denial is made of these NSEC3 records, signed rightly, and the zone's SOA. */
function denying(
  lines: readonly string[],
  { rcode = RCODE.NXDOMAIN, denial = NSEC3 }: { rcode?: number; denial?: DenialStyle } = {},
): Scene {
  const scene = zone(denial);
  const records = lines.flatMap((line) => scene.signed('test.', [recordOf(line)]));
  scene.tamper(
    AUTH,
    onType(TYPE.A, (reply) => ({
      ...reply,
      flags: (reply.flags & 0xfff0) | rcode,
      authority: [...reply.authority.filter((one) => subjectOf(one) === TYPE.SOA), ...records],
    })),
  );
  return scene;
}

function hash(name: string, shift = 0): string {
  const octets = hashName(mustParseName(name), new Uint8Array(), 0);
  octets[19] = ((octets[19] ?? 0) + shift) & 0xff;
  return toBase32hex(octets);
}

const at = (name: string, types: string, flags = 0) =>
  `${hash(name)}.test. 300 NSEC3 1 ${flags} 0 - ${hash(name, 1)} ${types}`;
const around = (name: string, { flags = 0, algorithm = 1 } = {}) =>
  `${hash(name, -1)}.test. 300 NSEC3 ${algorithm} ${flags} 0 - ${hash(name, 1)} A`;
const APEX = at('test.', 'NS SOA RRSIG');

describe('§8.1 and §8.2, records that are ignored', () => {
  test.each([
    ['as it should be, denies', [APEX, around('nothing.test.'), around('*.test.')], 'NXDOMAIN ad'],
    ['of an unknown hash algorithm', [APEX, around('nothing.test.', { algorithm: 2 }), around('*.test.')], 'SERVFAIL'],
    ['with an unknown flag', [APEX, around('nothing.test.', { flags: 2 }), around('*.test.')], 'SERVFAIL'],
  ])('a record %s', async (_what, lines, expected) => {
    expect(await statusOf(denying(lines), 'nothing.test.')).toBe(expected);
  });
});

describe('§8.3, the closest encloser', () => {
  test('needs a record that matches it', async () => {
    expect(await statusOf(denying([around('nothing.test.'), around('*.test.')]), 'nothing.test.')).toBe('SERVFAIL');
  });

  test('needs a record that covers the next closer name', async () => {
    expect(await statusOf(denying([APEX, around('*.test.')]), 'nothing.test.')).toBe('SERVFAIL');
  });

  test.each([
    ['a DNAME', 'DNAME RRSIG'],
    ['a delegation', 'NS'],
  ])('may not be %s', async (_what, types) => {
    const lines = [at('sub.test.', types), around('nothing.sub.test.'), around('*.sub.test.')];
    expect(await statusOf(denying(lines), 'nothing.sub.test.')).toBe('SERVFAIL');
  });
});

describe('§8.4, name errors', () => {
  test('need the wildcard denied', async () => {
    expect(await statusOf(denying([APEX, around('nothing.test.')]), 'nothing.test.')).toBe('SERVFAIL');
  });
});

describe('§8.5, no data', () => {
  test.each([
    ['without the type is secure', 'MX RRSIG', 'NOERROR ad'],
    ['with the type is bogus', 'A RRSIG', 'SERVFAIL'],
    ['with a CNAME is bogus', 'CNAME RRSIG', 'SERVFAIL'],
    ['of a delegation is bogus', 'NS', 'SERVFAIL'],
  ])('a record that matches, %s', async (_what, types, expected) => {
    const scene = denying([at('some.test.', types)], { rcode: RCODE.NOERROR });
    expect(await statusOf(scene, 'some.test.')).toBe(expected);
  });

  test('holds for empty non-terminals', async () => {
    expect(await statusOf(zone(), 'b.c.test.')).toBe('NOERROR ad');
  });
});

describe('§8.6, no DS', () => {
  test('an unsigned delegation is insecure by its own record', async () => {
    const scene = zone();
    scene.zone('sub.test.', CHILD);
    expect(await statusOf(scene, 'www.sub.test.')).toBe('NOERROR');
  });

  test('or by an opt-out span', async () => {
    const scene = zone(NSEC3_OPT_OUT);
    scene.zone('sub.test.', CHILD);
    expect(await statusOf(scene, 'www.sub.test.')).toBe('NOERROR');
  });

  test('never by a span without the opt-out flag', async () => {
    const scene = zone();
    scene.zone('sub.test.', CHILD);
    const denial = [APEX, around('sub.test.')].flatMap((line) => scene.signed('test.', [recordOf(line)]));
    scene.tamper(AUTH, (reply) => {
      const kept = reply.authority.filter((one) => subjectOf(one) !== TYPE.NSEC3);
      return kept.length === reply.authority.length ? reply : { ...reply, authority: [...kept, ...denial] };
    });
    expect(await statusOf(scene, 'www.sub.test.')).toBe('SERVFAIL');
  });
});

describe('§8.7 and §8.8, wildcards', () => {
  test('no data at a wildcard is secure', async () => {
    expect(await statusOf(zone(), 'any.wild.test.', 'TXT')).toBe('NOERROR ad');
  });

  test('an answer from a wildcard is secure with its proof and bogus without', async () => {
    expect(await statusOf(zone(), 'any.wild.test.')).toBe('NOERROR ad');
    const scene = zone();
    scene.tamper(
      AUTH,
      onType(TYPE.A, (reply) => ({ ...reply, authority: [] })),
    );
    expect(await statusOf(scene, 'any.wild.test.')).toBe('SERVFAIL');
  });
});

describe('§9.2, AD and opt-out', () => {
  test('a name error in an opt-out span has no AD', async () => {
    expect(await statusOf(zone(NSEC3_OPT_OUT), 'nothing.test.')).toBe('NXDOMAIN');
  });

  test('a wildcard answer in an opt-out span has no AD', async () => {
    expect(await statusOf(zone(NSEC3_OPT_OUT), 'any.wild.test.')).toBe('NOERROR');
  });

  test('what has a record of its own has AD', async () => {
    expect(await statusOf(zone(NSEC3_OPT_OUT), 'www.test.', 'TXT')).toBe('NOERROR ad');
    expect(await statusOf(zone(NSEC3_OPT_OUT), 'www.test.')).toBe('NOERROR ad');
  });
});

describe('RFC 9276 §3.2, iterations', () => {
  const many = (iterations: number): DenialStyle => ({
    ...(NSEC3 as Extract<DenialStyle, { kind: 'nsec3' }>),
    iterations,
  });

  test.each([
    [0, 'NXDOMAIN ad'],
    [150, 'NXDOMAIN ad'],
    [151, 'NXDOMAIN'],
  ])('%i of them', async (iterations, expected) => {
    expect(await statusOf(zone(many(iterations)), 'nothing.test.')).toBe(expected);
  });

  test('above the limit are told by extended error 27', async () => {
    const scene = zone(many(500));
    await scene.start();
    expect((await scene.ask('nothing.test.', 'A')).edes).toEqual([EDE.UNSUPPORTED_NSEC3_ITERATIONS_VALUE]);
    await scene.stop();
  });

  test('may be limited otherwise (val-nsec3-keysize-iterations)', async () => {
    const config = ['server:', '\tval-nsec3-keysize-iterations: "1024 10 2048 10 4096 10"'];
    expect(await statusOf(zone(many(11)), 'nothing.test.', 'A', config)).toBe('NXDOMAIN');
    expect(await statusOf(zone(many(10)), 'nothing.test.', 'A', config)).toBe('NXDOMAIN ad');
  });

  test('above the limit do not let forged signatures through', async () => {
    const scene = zone(many(500));
    scene.world.get('test.').break({ fault: 'signatures-corrupt', types: [TYPE.NSEC3] });
    expect(await statusOf(scene, 'nothing.test.')).toBe('SERVFAIL');
  });
});
