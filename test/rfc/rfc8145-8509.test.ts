/**
 * Proves in a whole resolver that a zone is told which of its keys are trusted (RFC 8145 §5, trust-anchor-signaling), that
 * clients can find that out (RFC 8509, root-key-sentinel), and what disable-edns-do and harden-short-bufsize change.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { Scene } from '../world/scene.ts';

let scene: Scene;
afterEach(() => scene.stop());

async function instance(...lines: string[]): Promise<void> {
  scene = Scene.withTest(`www IN A 192.0.2.80\n* IN A 192.0.2.81\nlong IN TXT "${'x'.repeat(200)}"`);
  await scene.start(['server:', ...lines]);
  // The first question makes the resolver fetch the root's keys.
  expect((await scene.ask('www.test.', 'A')).status).toBe(
    lines.includes('disable-edns-do: yes') ? 'SERVFAIL' : 'NOERROR ad',
  );
  await scene.ports.clock.advance(1000);
}

/** Key tag of the root's key signing key in this world. */
function rootTag(): number {
  const anchor = scene.instance.anchors.positive()[0];
  const ds = anchor?.ds[0];
  if (ds === undefined) throw new Error('no anchor');
  return ((ds[0] ?? 0) << 8) | (ds[1] ?? 0);
}

describe('RFC 8145', () => {
  const signals = (): string[] => scene.asked.filter((line) => line.includes('_ta-'));

  test('§5.1: the root is told the key tag in hexadecimal, with a question of type NULL', async () => {
    await instance('trust-anchor-signaling: yes');
    expect(signals()).toEqual([`198.41.0.4 _ta-${rootTag().toString(16).padStart(4, '0')}. NULL`]);
  });

  test('trust-anchor-signaling: no tells nothing', async () => {
    await instance('trust-anchor-signaling: no');
    expect(signals()).toEqual([]);
  });
});

describe('RFC 8509', () => {
  const name = (kind: 'is' | 'not', tag: number): string =>
    `root-key-sentinel-${kind}-ta-${String(tag).padStart(5, '0')}.test.`;
  const status = async (kind: 'is' | 'not', tag: number): Promise<string> =>
    (await scene.ask(name(kind, tag), 'A')).status;

  test('§3: the trusted key is there, another is not', async () => {
    await instance();
    const tag = rootTag();
    const other = (tag + 1) % 65_536;
    expect(await status('is', tag)).toBe('NOERROR ad');
    expect(await status('not', tag)).toBe('SERVFAIL');
    expect(await status('is', other)).toBe('SERVFAIL');
    expect(await status('not', other)).toBe('NOERROR ad');
  });

  test('root-key-sentinel: no answers these names like others', async () => {
    await instance('root-key-sentinel: no');
    expect(await status('not', rootTag())).toBe('NOERROR ad');
  });
});

describe('disable-edns-do', () => {
  test('asks servers for no signatures, after which nothing can be validated', async () => {
    await instance('disable-edns-do: yes');
  });
});

describe('harden-short-bufsize', () => {
  const isCut = async (): Promise<boolean> => (await scene.ask('long.test.', 'TXT', { udpSize: 100, doBit: false })).tc;

  test('yes: a buffer of 100 octets is taken for one of 512 (RFC 6891 §6.2.3)', async () => {
    await instance();
    expect(await isCut()).toBe(false);
  });

  test('no: it is taken as it is said', async () => {
    await instance('harden-short-bufsize: no');
    expect(await isCut()).toBe(true);
  });
});
