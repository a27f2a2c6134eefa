/**
 * Proves the life of zones that are held: loading, first transfer, refresh, retry, expiry, NOTIFY, URLs, digests, and for whom
 * a zone speaks in each state.
 */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { Counters } from '../../src/trace/counters.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { runAtOnce } from '../../src/wire/steps.ts';
import type { ZoneAnchor } from '../../src/zones/check-zone.ts';
import type { Zone } from '../../src/zones/zone.ts';
import type { ZoneOptions } from '../../src/zones/zone-options.ts';
import { ZoneStore } from '../../src/zones/zone-store.ts';
import { type FakePorts, makeFakePorts } from '../fake/fake-ports.ts';
import { DEFAULT_CHECK_OPTIONS, DEFAULT_ZONE_OPTIONS } from '../support/default-options.ts';
import { FakePrimary } from './fake-primary.ts';
import { ORIGIN, soaLine, zoneOf } from './zones-data.ts';

const IP = '192.0.2.53';
const FILE = '/zones/example';
const WWW = questionOf(mustParseName('www.example.org.'), TYPE.A);
const NOBODY: ReadonlySet<string> = new Set();

function version(serial: number, address = `192.0.2.${serial}`): string {
  return `${soaLine(serial)}\n@ 300 NS ns\nwww 300 A ${address}\n`;
}

const primaryAt = (ip: string) => ({ kind: 'address', ip, port: 53, tlsName: null }) as const;

class Play {
  readonly ports: FakePorts = makeFakePorts({});
  readonly store: ZoneStore;
  readonly errors: unknown[] = [];

  constructor(
    options: Partial<ZoneOptions>,
    setUp: (ports: FakePorts) => void = () => {},
    anchor: () => ZoneAnchor = () => ({ kind: 'insecure' }),
    permissive = false,
  ) {
    setUp(this.ports);
    this.store = new ZoneStore([{ ...DEFAULT_ZONE_OPTIONS, name: ORIGIN, ...options }], {
      ...this.ports,
      crypto: createNodeCrypto(),
      counters: new Counters(),
      report: (error) => this.errors.push(error),
      permissive,
      authorities: null,
      lookUpHost: async (host) => (host.length > 1 ? [IP] : []),
      findAnchor: async () => anchor(),
      rules: DEFAULT_CHECK_OPTIONS,
    });
  }

  /** Loads and starts; lets so many seconds pass. */
  async start(seconds = 0): Promise<this> {
    runAtOnce(this.store.loadSteps());
    this.store.start();
    return await this.pass(seconds);
  }

  async pass(seconds: number): Promise<this> {
    await this.ports.clock.advance(seconds * 1000);
    expect(this.errors).toEqual([]);
    return this;
  }

  /** Reads the file again; the problem, or null. */
  reload(): Promise<string | null> {
    return this.ports.clock.runUntilSettled(this.store.reload(ORIGIN));
  }

  /** What a client gets for www: the serial of the version, or a word. */
  get www(): number | string | null {
    const answered = this.store.answer(WWW, false);
    if (answered === null || answered === 'unusable') return answered;
    const rrset = answered.answer[0]?.rrset;
    return rrset === undefined ? 'empty' : (rrset.at(-1) ?? 0);
  }
}

describe('a zone file', () => {
  test('is read again after a reload while its last change is so young that another might not show', async () => {
    const reads = async (secondsAgo: number): Promise<readonly string[]> => {
      const play = new Play({ zonefile: FILE }, ({ files, clock }) => {
        files.put(FILE, version(5));
        files.changedUnixSeconds.set(FILE, clock.unixSeconds() - secondsAgo);
      });
      await play.start();
      const next = new Play({ zonefile: FILE }, ({ files }) => files.put(FILE, version(5)));
      runAtOnce(next.store.loadSteps(play.store));
      expect(next.www).toBe(5);
      return next.ports.files.reads;
    };
    expect(await reads(2)).toEqual([FILE]);
    expect(await reads(10)).toEqual([]);
  });

  test('that a transfer has overtaken is read again after a reload', async () => {
    const setUp = ({ files }: FakePorts) => files.put(FILE, version(5));
    const play = new Play({ zonefile: FILE, primaries: [primaryAt(IP)] }, setUp);
    new FakePrimary(play.ports, IP, zoneOf(version(6)));
    await play.start();
    play.store.transfer(ORIGIN);
    await play.pass(1);
    expect(play.www).toBe(6);
    const next = new Play({ zonefile: FILE }, setUp);
    runAtOnce(next.store.loadSteps(play.store));
    expect([next.www, next.ports.files.reads]).toEqual([5, [FILE]]);
  });

  test('is loaded, and answers at once', async () => {
    const play = await new Play({ zonefile: FILE }, ({ files }) => files.put(FILE, version(5))).start();
    expect(play.www).toBe(5);
    expect(play.store.list()).toEqual([{ zone: ORIGIN, serial: 5, isExpired: false }]);
  });

  test('with faults is reported line by line', () => {
    const play = new Play({ zonefile: FILE }, ({ files }) => files.put(FILE, `${version(5)}bad A 1.2.3\n`));
    expect(runAtOnce(play.store.loadSteps())).toMatchObject([{ line: 4, isFatal: true, path: FILE }]);
  });

  test('that is missing matters only where the zone cannot come from elsewhere', () => {
    expect(runAtOnce(new Play({ zonefile: FILE }).store.loadSteps())).toMatchObject([{ line: 0, isFatal: false }]);
    expect(runAtOnce(new Play({ zonefile: FILE, purpose: 'policy' }).store.loadSteps())).toMatchObject([
      { line: 0, isFatal: true },
    ]);
    expect(runAtOnce(new Play({ zonefile: FILE, primaries: [primaryAt(IP)] }).store.loadSteps())).toEqual([]);
  });

  test('is read again on request', async () => {
    const play = await new Play({ zonefile: FILE }, ({ files }) => files.put(FILE, version(5))).start();
    play.ports.files.put(FILE, version(6));
    expect(await play.reload()).toBeNull();
    expect(play.www).toBe(6);
    play.ports.files.put(FILE, 'x y z');
    expect(await play.reload()).toMatch(/^line 1: /);
    expect(play.www).toBe(6);
  });
});

describe('a primary', () => {
  test('gives the first version, which is written to the file and read back the same', async () => {
    const play = new Play({ zonefile: FILE, primaries: [primaryAt(IP)] });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(7)));
    await play.start(1);
    expect(play.www).toBe(7);
    expect(primary.asked).toEqual(['SOA udp', 'AXFR tcp']);
    const written = play.ports.files.readText(FILE);
    expect(written.ok && written.value).toBe(
      'example.org.\t300\tIN\tSOA\tns.example.org. hostmaster.example.org. 7 3600 900 86400 60\n' +
        'example.org.\t300\tIN\tNS\tns.example.org.\nwww.example.org.\t300\tIN\tA\t192.0.2.7\n',
    );
  });

  test('is asked again at the refresh time, for one packet while nothing changes', async () => {
    const play = new Play({
      primaries: [{ kind: 'host', host: mustParseName('ns.example.net.'), port: 53, tlsName: null }],
    });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(1)));
    await play.start(1);
    await play.pass(3600);
    expect(primary.asked.slice(2)).toEqual(['SOA udp']);
    primary.zone = zoneOf(version(2));
    await play.pass(3600);
    expect(primary.asked.slice(3)).toEqual(['SOA udp', 'IXFR tcp']);
    expect(play.www).toBe(2);
  });

  test('that has an older version changes nothing', async () => {
    const play = new Play({ primaries: [primaryAt(IP)] });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(5)));
    await play.start(1);
    primary.zone = zoneOf(version(4));
    await play.pass(8000);
    expect(play.www).toBe(5);
  });

  test('that is dead is passed over', async () => {
    const play = new Play({ primaries: [primaryAt('192.0.2.99'), primaryAt(IP)] });
    new FakePrimary(play.ports, '192.0.2.99', null);
    new FakePrimary(play.ports, IP, zoneOf(version(3)));
    await play.start(30);
    expect(play.www).toBe(3);
  });

  test('that never ends a transfer is left, and tried again later', async () => {
    const play = new Play({ primaries: [primaryAt(IP)] });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(3)));
    primary.isEndless = true;
    await play.start(12);
    expect(play.www).toBe('unusable');
    primary.isEndless = false;
    await play.pass(10);
    expect(play.www).toBe(3);
  });
});

describe('a copy whose sources are gone', () => {
  async function expired(fallbackEnabled: boolean): Promise<Play> {
    const play = new Play({ primaries: [primaryAt(IP)], fallbackEnabled });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(3)));
    await play.start(1);
    primary.isAlive = false;
    await play.pass(86_300);
    expect(play.www).toBe(3);
    await play.pass(200);
    return play;
  }

  test('expires: clients get SERVFAIL, resolution nothing', async () => {
    const play = await expired(false);
    expect(play.www).toBe('unusable');
    expect(play.store.list()).toMatchObject([{ serial: null, isExpired: true }]);
    expect(play.store.closest(WWW.name, NOBODY)?.respond(WWW)).toBeNull();
  });

  test('is passed over where its servers may be asked instead', async () => {
    const play = await expired(true);
    expect(play.www).toBeNull();
    expect(play.store.closest(WWW.name, NOBODY)).toBeNull();
  });
});

describe('NOTIFY', () => {
  async function playing(): Promise<{ play: Play; primary: FakePrimary }> {
    const block = { address: Uint8Array.of(198, 51, 100, 0), prefixLength: 24 };
    const play = new Play({ primaries: [primaryAt(IP)], allowNotify: [{ kind: 'block', block }] });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(1)));
    await play.start(1);
    primary.zone = zoneOf(version(2));
    return { play, primary };
  }

  test.each([IP, '198.51.100.7'])('from %s brings the new version at once', async (from) => {
    const { play } = await playing();
    expect(play.store.notify(ORIGIN, from, 2)).toBe('accepted');
    await play.pass(1);
    expect(play.www).toBe(2);
  });

  test('with the serial that is held asks nobody', async () => {
    const { play, primary } = await playing();
    const before = primary.asked.length;
    expect(play.store.notify(ORIGIN, IP, 1)).toBe('accepted');
    await play.pass(1);
    expect(primary.asked).toHaveLength(before);
  });

  test('by the hundred, with serials that go up and down, makes us ask once a second, and the last news arrive', async () => {
    const { play, primary } = await playing();
    const before = primary.asked.length;
    for (let i = 0; i < 300; i++) {
      play.store.notify(ORIGIN, IP, i % 3 === 0 ? null : i % 3 === 1 ? 4_000_000_000 : 1000 + i);
      await play.ports.clock.advance(10);
    }
    primary.zone = zoneOf(version(3));
    play.store.notify(ORIGIN, IP, 3);
    await play.pass(3);
    expect(play.www).toBe(3);
    // Each time a question over UDP for the serial; twice a transfer.
    expect(primary.asked.length - before).toBeLessThanOrEqual(8);
  });

  test('while the primary fails is listened to less and less', async () => {
    const { play, primary } = await playing();
    primary.isAlive = false;
    const before = primary.asked.length;
    for (let i = 0; i < 600; i++) {
      play.store.notify(ORIGIN, IP, null);
      await play.ports.clock.advance(100);
    }
    // Four questions for the serial each time; unbounded it was forty times in this minute.
    expect(primary.asked.length - before).toBeLessThanOrEqual(4 * 8);
  });

  test('from a stranger, or for another zone, does nothing', async () => {
    const { play } = await playing();
    expect(play.store.notify(ORIGIN, '198.51.101.7', null)).toBe('refused');
    expect(play.store.notify(ORIGIN, '2001:db8::1', null)).toBe('refused');
    expect(play.store.notify(mustParseName('example.net.'), IP, null)).toBe('unknown-zone');
    await play.pass(1);
    expect(play.www).toBe(1);
  });
});

describe('a URL', () => {
  function served(text: string): Play {
    const play = new Play({ urls: ['http://www.example.net:8080/zone'] });
    play.ports.network.streamServer = (remote) =>
      remote.port !== 8080
        ? null
        : (stream) => ({
            onData: () => {
              stream.write(new TextEncoder().encode(text));
              stream.end();
            },
            onClose: () => {},
          });
    return play;
  }

  test('gives the zone', async () => {
    const play = await served(`HTTP/1.1 200 OK\r\n\r\n${version(9)}`).start(1);
    expect(play.www).toBe(9);
  });

  test.each([
    ['an error page', 'HTTP/1.1 404 Not Found\r\n\r\n'],
    ['another zone', 'HTTP/1.1 200 OK\r\n\r\nexample.net. 300 IN SOA a b 1 2 3 4 5\n'],
    ['no zone file', 'HTTP/1.1 200 OK\r\n\r\n<html>'],
  ])('that gives %s gives nothing', async (_what, text) => {
    const play = await served(text).start(1);
    expect(play.www).toBe('unusable');
  });
});

describe('a zone with a digest', () => {
  // RFC 8976 §2.2.3: the digest of 48 zero octets is surely not that of the zone.
  const wrong = (serial: number) => `${version(serial)}@ 300 ZONEMD ${serial} 1 1 ${'00'.repeat(48)}\n`;

  test('that is wrong is not taken; the version before stays', async () => {
    const play = new Play({ zonefile: FILE, zonemdCheck: true, primaries: [primaryAt(IP)] });
    const primary = new FakePrimary(play.ports, IP, zoneOf(version(1)));
    await play.start(1);
    primary.zone = zoneOf(wrong(2));
    await play.pass(3600);
    expect(play.www).toBe(1);
    const written = play.ports.files.readText(FILE);
    expect(written.ok && written.value).toContain(' 1 3600 900');
    expect(play.ports.log.lines.map(({ line }) => line).join()).toContain('incorrect digest');
  });

  test('that is wrong is never written to the file, not even where none is there yet or the zone is let pass', async () => {
    for (const permissive of [false, true]) {
      const options = { zonefile: FILE, zonemdCheck: true, primaries: [primaryAt(IP)] };
      const play = new Play(options, () => {}, undefined, permissive);
      new FakePrimary(play.ports, IP, zoneOf(wrong(1)));
      await play.start(1);
      expect(play.www).toBe(permissive ? 1 : 'unusable');
      expect(play.ports.files.exists(FILE)).toBe(false);
    }
  });

  test('is not used from the file before it is checked', async () => {
    const play = new Play({ zonefile: FILE, zonemdCheck: true }, ({ files }) => files.put(FILE, wrong(1)));
    runAtOnce(play.store.loadSteps());
    expect(play.www).toBe('unusable');
    play.store.start();
    await play.pass(1);
    expect(play.www).toBe('unusable');
  });

  test('that is absent is fine, unless that is forbidden', async () => {
    const put = ({ files }: FakePorts): void => files.put(FILE, version(1));
    expect((await new Play({ zonefile: FILE, zonemdCheck: true }, put).start(1)).www).toBe(1);
    const strict = { zonefile: FILE, zonemdCheck: true, zonemdRejectAbsence: true };
    expect((await new Play(strict, put).start(1)).www).toBe('unusable');
  });

  test('in a zone that should be signed and is not, is not taken', async () => {
    const anchor: ZoneAnchor = { kind: 'signed', ds: [], dnskeys: [new Uint8Array(40)] };
    const put = ({ files }: FakePorts): void => files.put(FILE, version(1));
    expect((await new Play({ zonefile: FILE, zonemdCheck: true }, put, () => anchor).start(1)).www).toBe('unusable');
  });

  test('in a zone whose DS is cut short is not taken: it fits no key, and makes nothing unsigned', async () => {
    const ds = Uint8Array.of(0x12, 0x34, 13, 2, 1, 2, 3, 4);
    const anchor: ZoneAnchor = { kind: 'signed', ds: [ds], dnskeys: [] };
    const put = ({ files }: FakePorts): void => files.put(FILE, version(1));
    expect((await new Play({ zonefile: FILE, zonemdCheck: true }, put, () => anchor).start(1)).www).toBe('unusable');
  });

  test('whose chain of trust cannot be followed now is checked again later', async () => {
    let anchor: ZoneAnchor = { kind: 'unknown', why: 'no answer' };
    const put = ({ files }: FakePorts): void => files.put(FILE, version(1));
    const play = await new Play({ zonefile: FILE, zonemdCheck: true }, put, () => anchor).start(1);
    expect(play.www).toBe('unusable');
    anchor = { kind: 'insecure' };
    await play.pass(10);
    expect(play.www).toBe(1);
  });
});

describe('which zone speaks', () => {
  const play = new Play({ zonefile: FILE }, ({ files }) => files.put(FILE, version(5)));
  runAtOnce(play.store.loadSteps());

  test('of names outside all zones none does', () => {
    expect(play.store.answer(questionOf(mustParseName('example.net.'), TYPE.A), false)).toBeNull();
    expect(play.store.closest(mustParseName('org.'), NOBODY)).toBeNull();
  });

  test('of the DS of a zone the one above does', () => {
    expect(play.store.answer(questionOf(ORIGIN, TYPE.DS), false)).toBeNull();
    expect(play.store.answer(questionOf(mustParseName('sub.example.org.'), TYPE.DS), false)).not.toBeNull();
  });

  test('in other classes none does', () => {
    expect(play.store.answer({ ...WWW, class: 3 }, false)).toBeNull();
  });

  test('to listeners each version is told, those before as well', () => {
    const heard: (number | undefined)[] = [];
    play.store.onZone((_options, zone: Zone) => heard.push(zone.soa?.serial));
    play.ports.files.put(FILE, version(6));
    runAtOnce(play.store.loadSteps());
    expect(heard).toEqual([5, 6]);
  });

  test('a copy whose data was bogus does not, where servers may be asked', () => {
    const options = { ...DEFAULT_ZONE_OPTIONS, zonefile: FILE, fallbackEnabled: true };
    const other = new Play(options, ({ files }) => files.put(FILE, version(5)));
    runAtOnce(other.store.loadSteps());
    const copy = other.store.closest(WWW.name, NOBODY);
    expect(copy?.respond(WWW)).not.toBeNull();
    expect(other.store.closest(WWW.name, new Set([copy?.key ?? '']))).toBeNull();
  });
});

test('a zone that is stopped asks nobody any more', async () => {
  const play = new Play({ primaries: [primaryAt(IP)] });
  const primary = new FakePrimary(play.ports, IP, zoneOf(version(1)));
  await play.start(1);
  play.store.stop();
  const before = primary.asked.length;
  await play.pass(100_000);
  expect(primary.asked).toHaveLength(before);
  expect(play.ports.clock.timerCount).toBe(0);
});
