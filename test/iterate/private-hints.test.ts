/** Proves that `private-address` looks at every record that a client takes an address from (DNS rebinding). */

import { describe, expect, test } from 'vitest';
import { addressHints } from '../../src/wire/rdata-svcb.ts';
import { parseRdata } from '../../src/wire/record-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

const TEXT = `
four IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80,10.0.0.1
six IN SVCB 1 svc.example. ipv6hint=fd00::1
both IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80
both IN HTTPS 2 . ipv4hint=10.0.0.2 ipv6hint=2001:db8::1
public IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80 ipv6hint=2001:db8::1
plain IN HTTPS 0 public
lan IN HTTPS 1 . ipv4hint=10.0.0.1
`;
const RANGES = ['private-address: 10.0.0.0/8', 'private-address: fd00::/8', 'private-domain: lan.test.'];

async function answerOf(question: string, isSigned: boolean): Promise<string[]> {
  const scene = new Scene();
  scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
  const signing = isSigned ? { signing: {} } : {};
  scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, text: TEXT, ...signing });
  await scene.start(['server:', ...RANGES.map((line) => `\t${line}`)]);
  const [name = '', type = ''] = question.split(' ');
  const { answer } = await scene.ask(name, type);
  await scene.stop();
  return answer;
}

describe('private-address', () => {
  test.each([
    ['four.test. HTTPS', 0],
    ['six.test. SVCB', 0],
    ['both.test. HTTPS', 1],
    ['public.test. HTTPS', 1],
    ['plain.test. HTTPS', 1],
    ['lan.test. HTTPS', 1],
  ])('leaves of %s %i records', async (question, count) => {
    const answer = await answerOf(question, false);
    expect(answer.length).toBe(count);
    expect(answer.join()).not.toMatch(question.startsWith('lan') ? /fd00/ : /10\.0\.0|fd00/);
  });

  test('lets no part of a signed set pass', async () => {
    expect(await answerOf('both.test. HTTPS', true)).toEqual([]);
  });
});

describe('address hints', () => {
  const rdataOf = (text: string): Uint8Array => {
    const rdata = parseRdata(TYPE.SVCB, text);
    if (!(rdata instanceof Uint8Array)) throw new Error(rdata.error);
    return rdata;
  };

  test('are those of both families', () => {
    const rdata = rdataOf('1 svc.example. alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1');
    expect(addressHints(rdata)?.map((octets) => octets.length)).toEqual([4, 4, 16]);
  });

  test.each([1, 2, 5, 20])('of rdata that is %i octets short cannot be told', (short) => {
    const rdata = rdataOf('1 svc.example. ipv4hint=192.0.2.1 ipv6hint=2001:db8::1');
    expect(addressHints(rdata.subarray(0, rdata.length - short))).toEqual(short === 20 ? [expect.anything()] : null);
  });

  test('behind a target that is a pointer cannot be told', () => {
    expect(addressHints(Uint8Array.of(0, 1, 192, 12, 0, 4, 0, 4, 10, 0, 0, 1))).toBeNull();
  });
});
