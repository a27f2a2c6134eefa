/** Proves that `explain` shows the chain from anchor to answer as it is, and says who broke it. Leaves text of every reason to remedy.test.ts. */

import { describe, expect, test } from 'vitest';
import { explainParts } from '../../src/daemon/explain-parts.ts';
import { explainQuestion } from '../../src/explain/gather.ts';
import type { Report } from '../../src/explain/report.ts';
import { reportText } from '../../src/explain/report-text.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { typeFromText } from '../../src/wire/rr-type.ts';
import { Scene } from '../world/scene.ts';

const TEXT = 'www IN A 192.0.2.80\nalias IN CNAME www\n*.wild IN A 192.0.2.81\n';
const DAY = 86_400;

async function explain(scene: Scene, name: string, type: string, isCached = false): Promise<Report> {
  await scene.start([]);
  return await explainStarted(scene, name, type, isCached);
}

async function explainStarted(scene: Scene, name: string, type: string, isCached: boolean): Promise<Report> {
  const question = questionOf(mustParseName(name), typeFromText(type) ?? 0);
  const parts = explainParts(scene.instance, scene.ports.clock);
  const explained = await scene.ports.clock.runUntilSettled(
    explainQuestion(parts, question, { isCached, expirySeconds: 3 * DAY }),
  );
  if (explained === null) throw new Error('nothing known');
  return explained.report;
}

describe('explain', () => {
  test('shows each zone with DS, keys and who signed what', async () => {
    const report = await explain(Scene.withTest(TEXT), 'www.test.', 'A');
    expect(report).toMatchObject({ rcode: 'NOERROR', status: 'secure', remedy: null, ede: [], expiring: [] });
    expect(report.zones.map(({ zone, status }) => [zone, status])).toEqual([
      ['.', 'secure'],
      ['test.', 'secure'],
    ]);
    const [root, zone] = report.zones;
    const entry = zone?.keys.find(({ isEntry }) => isEntry);
    expect(root?.anchor).toEqual(root?.keys.filter(({ isEntry }) => isEntry).map(({ keyTag }) => keyTag));
    expect(zone).toMatchObject({ anchor: null, ds: [{ keyTag: entry?.keyTag, digestType: 2 }], noDs: [] });
    expect(entry).toMatchObject({ algorithmName: 'ED25519', bits: 256, flags: 257, isTrusted: true });
    expect(zone?.dsSet?.signatures).toMatchObject([{ signer: '.', state: 'good' }]);
    expect(zone?.keySet?.signatures).toMatchObject([{ signer: 'test.', keyTag: entry?.keyTag, state: 'good' }]);
    expect(report.answer).toMatchObject([{ owner: 'www.test.', type: 'A', records: ['192.0.2.80'], status: 'secure' }]);
    expect(report.answer[0]?.signatures).toMatchObject([{ signer: 'test.', state: 'good' }]);
    expect(report.servers).toContainEqual(expect.objectContaining({ server: '192.0.2.1@53', said: 'answer' }));
  });

  test('shows the records of the zone above that prove an unsigned delegation', async () => {
    const scene = new Scene();
    scene.zone('.', { servers: { 'a.root.': ['198.41.0.4'] }, signing: {} });
    scene.zone('test.', { servers: { 'ns.test.': ['192.0.2.1'] }, text: TEXT });
    const report = await explain(scene, 'www.test.', 'A');
    expect(report).toMatchObject({ status: 'insecure', remedy: { culprit: 'nobody' } });
    const zone = report.zones.at(-1);
    expect(zone).toMatchObject({ zone: 'test.', status: 'insecure', why: 'no-ds-proven', ds: [], keys: [] });
    expect(zone?.noDs.filter(({ type }) => type === 'NSEC').map(({ proves }) => proves)).toContain(
      'test. is a delegation without DS: unsigned',
    );
  });

  test('shows the proof of what is not there, NSEC in words', async () => {
    const report = await explain(Scene.withTest(TEXT), 'nothing.test.', 'TLSA');
    expect(report).toMatchObject({ rcode: 'NXDOMAIN', status: 'secure' });
    expect(report.proof.map(({ type, status }) => `${type} ${status}`)).toContain('NSEC secure');
    expect(report.proof.map(({ proves }) => proves).join()).toMatch(
      /nothing\.test\. is not there: nothing stands between alias\.test\. and ns\.test\./,
    );
  });

  test('says where it broke and who must act: old DS, expired signature', async () => {
    const wrongDs = Scene.withTest(TEXT);
    wrongDs.world.break('test.', 'ds-wrong');
    const first = await explain(wrongDs, 'www.test.', 'A');
    expect(first).toMatchObject({ status: 'bogus', remedy: { culprit: 'delegation' }, ede: [{ code: 9 }] });
    expect(first.zones.at(-1)).toMatchObject({ zone: 'test.', status: 'bogus', why: 'no-dnskey-matches-ds' });
    expect(first.zones.at(-1)?.keys.length).toBeGreaterThan(0);
    expect(first.zones.at(-1)?.keys.some(({ isTrusted }) => isTrusted)).toBe(false);
    const expired = Scene.withTest(TEXT);
    expired.world.break('test.', 'signatures-expired');
    const second = await explain(expired, 'www.test.', 'A');
    expect(second).toMatchObject({ status: 'bogus', ede: [{ code: 7 }] });
    expect(second.zones.at(-1)?.keySet?.signatures).toMatchObject([{ state: 'expired' }]);
    expect(reportText(second, { hasColour: false })).toMatch(/expired, .* over since/);
  });

  test('out of the cache asks nobody, and knows nothing before somebody asked', async () => {
    const scene = Scene.withTest(TEXT);
    await expect(explain(scene, 'www.test.', 'A', true)).rejects.toThrow('nothing known');
    expect(scene.asked.filter((one) => one.includes('www'))).toEqual([]);
    await scene.ask('www.test.', 'A');
    const before = scene.asked.length;
    const report = await explainStarted(scene, 'www.test.', 'A', true);
    expect(report).toMatchObject({ status: 'secure', isCached: true, servers: [] });
    expect(scene.asked.length).toBe(before);
  });

  test('colours for a terminal only', async () => {
    const report = await explain(Scene.withTest(TEXT), 'www.test.', 'A');
    expect(reportText(report, { hasColour: false })).not.toContain('\x1b');
    expect(reportText(report, { hasColour: true })).toContain('\x1b[32msecure\x1b[0m');
  });
});

describe('at another time', () => {
  const at = (unixSeconds: number) => ['server:', `\tval-override-date: "${unixSeconds}"`];

  async function judged(seconds: number, isTimeAsked: boolean): Promise<Report> {
    const scene = Scene.withTest(TEXT);
    const now = scene.ports.clock.unixSeconds();
    await scene.start(at(now + seconds));
    const question = questionOf(mustParseName('www.test.'), typeFromText('A') ?? 0);
    const explaining = explainQuestion(explainParts(scene.instance, scene.ports.clock), question, {
      isCached: false,
      expirySeconds: 3 * DAY,
      isTimeAsked,
    });
    const explained = await scene.ports.clock.runUntilSettled(explaining);
    if (explained === null) throw new Error('nothing known');
    return explained.report;
  }

  test('says which signature is over then, and not that the clock is wrong', async () => {
    const report = await judged(400 * DAY, true);
    expect(report).toMatchObject({ status: 'bogus', remedy: { culprit: 'zone' }, judgedAt: { by: 'asked' } });
    expect(report.remedy?.text).toMatch(/At the time that was asked for.*must have renewed it before/);
    expect(report.zones[0]?.keySet?.signatures).toMatchObject([{ state: 'expired' }]);
    expect(reportText(report, { hasColour: false })).toMatch(/judged as of .*asked for.*not by the clock/);
  });

  test('of val-override-date blames the configuration', async () => {
    const report = await judged(-400 * DAY, false);
    expect(report).toMatchObject({
      status: 'bogus',
      remedy: { culprit: 'configuration' },
      judgedAt: { by: 'configured' },
    });
    expect(report.remedy?.text).toContain('take val-override-date out');
    expect(report.zones[0]?.keySet?.signatures).toMatchObject([{ state: 'not yet valid' }]);
  });

  test('counts what runs out from then on', async () => {
    const now = await judged(0, true);
    const last = Math.min(...now.answer.flatMap(({ signatures }) => signatures.map(({ expiration }) => expiration)));
    const report = await judged(last - DAY - now.at, true);
    expect(report).toMatchObject({ status: 'secure' });
    expect(report.expiring.map(({ record }) => record)).toContain('www.test. A');
  });

  test('of val-override-date: -1 no signature is expired, and that is said', async () => {
    const scene = Scene.withTest(TEXT);
    scene.world.break('test.', 'signatures-expired');
    await scene.start(['server:', '\tval-override-date: "-1"']);
    const report = await explainStarted(scene, 'www.test.', 'A', false);
    expect(report).toMatchObject({ status: 'secure', judgedAt: { unixSeconds: null, by: 'configured' } });
    expect(report.answer[0]?.signatures).toMatchObject([{ state: 'good' }]);
    expect(reportText(report, { hasColour: false })).toContain('Times of signatures are not looked at');
  });
});

describe('what is held', () => {
  test('is told with since when, for how long and why', async () => {
    const scene = Scene.withTest(TEXT);
    await scene.start([]);
    await scene.ask('www.test.', 'A');
    const asked = scene.ports.clock.unixSeconds();
    await scene.ports.clock.advance(100_000);
    const { held } = await explainStarted(scene, 'www.test.', 'A', true);
    expect(held[0]).toMatchObject({ what: 'answer to www.test. A IN, NOERROR', since: asked });
    expect(held[0]?.why).toMatch(/^secure; held for the shortest of its TTLs/);
    expect(held.map(({ what }) => what)).toEqual([
      'answer to www.test. A IN, NOERROR',
      'records www.test. A',
      'trust of zone test.',
      'servers of zone test.',
    ]);
    expect(held[1]).toMatchObject({
      since: asked,
      why: expect.stringMatching(/^secure, .*192\.0\.2\.1@53; TTL 3600 s$/),
    });
  });

  test('of a bogus answer says that it is for a short time', async () => {
    const scene = Scene.withTest(TEXT);
    scene.world.break('test.', 'ds-wrong');
    await scene.start([]);
    await scene.ask('www.test.', 'A');
    const report = await explainStarted(scene, 'www.test.', 'A', true);
    expect(report.held[0]?.why).toMatch(/^bogus: .*val-bogus-ttl/);
    expect((report.held[0]?.until ?? 0) - (report.held[0]?.since ?? 0)).toBe(60);
    expect(reportText(report, { hasColour: false })).toMatch(
      /Held now:\n {2}answer to www\.test\. A IN.*\n {4}since .* until .* left\)\n/,
    );
  });

  test('of a failure says when it is tried again', async () => {
    const scene = Scene.withTest(TEXT);
    scene.world.break('test.', 'refused');
    await scene.start([]);
    await scene.ask('www.test.', 'A');
    const { held } = await explainStarted(scene, 'www.test.', 'A', true);
    expect(held).toContainEqual(
      expect.objectContaining({
        what: 'failure of www.test. A IN',
        why: expect.stringContaining('not tried again before'),
      }),
    );
  });

  test('is told where there is no answer to the question itself', async () => {
    const scene = Scene.withTest(TEXT);
    await scene.start([]);
    await scene.ask('www.test.', 'A');
    const report = await explainStarted(scene, 'mail.test.', 'MX', true);
    expect(report).toMatchObject({ status: 'unchecked', rcode: 'none' });
    expect(report.held.map(({ what }) => what)).toContain('trust of zone test.');
  });
});
