/** Proves where secrets of cookies come from, and that the control channel's changes are in force at once and in the file. */

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/config/finding.ts';
import { CookieKeeper } from '../../src/daemon/cookie-secrets.ts';
import { configOf } from '../config/config-data.ts';
import { FakeFiles } from '../fake/fake-files.ts';
import { SeededRandom } from '../fake/fake-random.ts';

const ONE = '11'.repeat(16);
const TWO = '22'.repeat(16);
const THREE = '33'.repeat(16);
const PATH = '/f/secrets';
const IN_FILE = `server:\nanswer-cookie: yes\ncookie-secret-file: ${PATH}\n`;
const CLIENT = new Uint8Array(8);
const AT = { ip: '192.0.2.1', now: 1_767_225_600 };

function keeper(config: string, { text = null as string | null, seed = 1, findings = [] as Finding[] } = {}) {
  const files = new FakeFiles(text === null ? {} : { [PATH]: text });
  const kept = new CookieKeeper(configOf(config), { files, random: new SeededRandom(seed) }, findings);
  return { kept, files, findings };
}

/** What the keeper gives a client as a cookie. */
function cookieOf(kept: CookieKeeper): Uint8Array {
  kept.check.check(CLIENT, 0, CLIENT.length, AT);
  return kept.check.reply.slice();
}

/** What it thinks of one. */
function checked(kept: CookieKeeper, cookie: Uint8Array): string {
  return kept.check.check(cookie, 0, cookie.length, AT);
}

describe('the secret', () => {
  it('of cookie-secret is shared by all who have it', () => {
    const config = `server:\ncookie-secret: ${ONE}\n`;
    const [here, there] = [keeper(config).kept, keeper(config, { seed: 2 }).kept];
    expect(checked(there, cookieOf(here))).toBe('valid');
  });

  it('is a random one where none is configured', () => {
    const [here, there] = [keeper('').kept, keeper('', { seed: 2 }).kept];
    expect(checked(here, cookieOf(here))).toBe('valid');
    expect(checked(there, cookieOf(here))).toBe('invalid');
  });

  it('of the file comes before cookie-secret, which is used while there is no file', () => {
    const config = `${IN_FILE}cookie-secret: ${TWO}\n`;
    const plain = keeper(`server:\ncookie-secret: ${TWO}\n`).kept;
    expect(checked(plain, cookieOf(keeper(config, { text: `${ONE}\n` }).kept))).toBe('invalid');
    expect(checked(plain, cookieOf(keeper(config).kept))).toBe('valid');
  });

  it('stays when another option changes, and goes when it changes itself', () => {
    const { kept } = keeper(IN_FILE);
    expect(kept.isFor(configOf(`${IN_FILE}verbosity: 2\n`))).toBe(true);
    expect(kept.isFor(configOf(`${IN_FILE}cookie-secret: ${ONE}\n`))).toBe(false);
    expect(kept.isFor(configOf(''))).toBe(false);
  });
});

describe('a file of secrets', () => {
  it('names what is wrong by line', () => {
    const { findings } = keeper(IN_FILE, { text: `${ONE}\nabc\n${TWO}\n` });
    expect(findings.map(({ line, severity }) => `${line} ${severity}`)).toEqual(['2 error', '3 error']);
  });

  it('is rolled over without a cookie becoming invalid', () => {
    const { kept, files } = keeper(IN_FILE, { text: `${ONE}\n` });
    const before = cookieOf(kept);
    expect(kept.add(TWO)).toBeNull();
    expect(kept.list()).toEqual([
      { state: 'active', hex: ONE },
      { state: 'staging', hex: TWO },
    ]);
    expect(checked(kept, before)).toBe('valid');
    expect(kept.activate()).toBeNull();
    expect(files.readText(PATH)).toEqual({ ok: true, value: `${TWO}\n${ONE}\n` });
    expect(checked(kept, before)).toBe('valid');
    expect(kept.drop()).toBeNull();
    expect(checked(kept, before)).toBe('invalid');
    expect(files.readText(PATH)).toEqual({ ok: true, value: `${TWO}\n` });
  });

  it('is made by the first secret; a third one takes the place of the staging one', () => {
    const { kept, files } = keeper(IN_FILE);
    for (const secret of [ONE, TWO, THREE]) expect(kept.add(secret)).toBeNull();
    expect(files.readText(PATH)).toEqual({ ok: true, value: `${ONE}\n${THREE}\n` });
  });

  it('never loses its active secret', () => {
    const { kept } = keeper(IN_FILE, { text: `${ONE}\n` });
    expect(kept.drop()).toContain('active');
    expect(kept.activate()).toContain('staging');
    expect(kept.list()).toEqual([{ state: 'active', hex: ONE }]);
  });
});
