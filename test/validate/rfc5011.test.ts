/**
 * Proves automated updates of trust anchors (RFC 5011): the state table, the state file both ways, which signatures count as
 * proof of a probe, and the timetable of the tracker.
 */

import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { algorithmPolicy } from '../../src/dnssec/algorithms.ts';
import { BY_THE_CLOCK, type SignatureTime } from '../../src/dnssec/signature-time.ts';
import { signedData } from '../../src/dnssec/signed-data.ts';
import type { RankedRRset } from '../../src/terms/ranked-rrset.ts';
import { type AnchorState, formatAnchorState, readAnchorState } from '../../src/validate/anchor-state.ts';
import { AnchorTracker } from '../../src/validate/anchor-tracker.ts';
import { type ProbeParts, proveProbe } from '../../src/validate/probe-anchor.ts';
import { advanceKeys, isWhollyRevoked, revokeKeys, type TrackedKeys, trustedKeys } from '../../src/validate/rfc5011.ts';
import { TrustAnchors } from '../../src/validate/trust-anchors.ts';
import { concatBytes, toHex, writeU16, writeU32 } from '../../src/wire/bytes.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { keyTag } from '../../src/wire/rdata-dnskey.ts';
import { readRrsig } from '../../src/wire/rdata-rrsig.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { packRRset, type RRset } from '../../src/wire/rrset.ts';
import { strayDs, TAG } from '../attacks/traps.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { DEFAULT_VALIDATE_OPTIONS } from '../support/default-options.ts';
import { rankedAt } from '../support/records.ts';
import { collidingKeys } from '../world/lies.ts';

const ZONE = mustParseName('example.');
const NOW = 1_700_000_000;
const DAY = 86_400;
const HOLDS = { addSeconds: 30 * DAY, delSeconds: 30 * DAY, keepMissingSeconds: 366 * DAY };
const NOTHING = { present: [], namedByDs: [] };

/** A key of algorithm 15 with its private half. */
function makeKey(flags: number) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const octets = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const rdata = (withFlags: number) => concatBytes(Uint8Array.of(withFlags >> 8, withFlags & 255, 3, 15), octets);
  return { rdata: rdata(flags), revoked: rdata(flags | 0x80), privateKey };
}

type Key = ReturnType<typeof makeKey>;

/** A DNSKEY set signed by some keys; `asRevoked` ones sign in their revoked form. */
function signedSet(rdatas: readonly Uint8Array[], signers: readonly { key: Key; rdata: Uint8Array }[]): RRset {
  const bare = packRRset({ owner: ZONE, type: TYPE.DNSKEY, class: 1, rdatas, signatures: [] });
  const signatures = signers.map(({ key, rdata }) => {
    const head = new Uint8Array(18);
    writeU16(head, 0, TYPE.DNSKEY);
    head[2] = 15;
    head[3] = 1;
    writeU32(head, 4, 10_800);
    writeU32(head, 8, NOW + 1000 * DAY);
    writeU32(head, 12, NOW - DAY);
    writeU16(head, 16, keyTag(rdata));
    const unsigned = concatBytes(head, ZONE, Uint8Array.of(0));
    const rrsig = readRrsig(unsigned);
    if (rrsig === null) throw new Error('the test made a bad RRSIG');
    const data = signedData({ rrset: bare, owner: ZONE }, rrsig, unsigned);
    if (data === null) throw new Error('nothing to sign');
    return concatBytes(head, ZONE, sign(null, data, key.privateKey));
  });
  return packRRset({ owner: ZONE, type: TYPE.DNSKEY, class: 1, rdatas, signatures });
}

const KSK = makeKey(257);
const NEXT = makeKey(257);
const ZSK = makeKey(256);

function tracked(
  ...keys: readonly (readonly [Uint8Array, TrackedKeys['keys'][number]['state'], number])[]
): TrackedKeys {
  return {
    zone: ZONE,
    ds: [],
    keys: keys.map(([rdata, state, changedAt]) => ({ rdata, state, count: state === 'add-pend' ? 1 : 0, changedAt })),
  };
}

function statesOf(keys: TrackedKeys): string[] {
  return keys.keys.map(({ state }) => state);
}

describe('RFC 5011 §4.1, the state table', () => {
  test('trusts a new key after the add hold-down time, not before', () => {
    const first = advanceKeys(
      tracked([KSK.rdata, 'valid', 1]),
      { ...NOTHING, present: [KSK.rdata, NEXT.rdata] },
      NOW,
      HOLDS,
    );
    expect(statesOf(first)).toEqual(['add-pend', 'valid']);
    const seen = { ...NOTHING, present: [KSK.rdata, NEXT.rdata] };
    const early = advanceKeys(first, seen, NOW + 30 * DAY - 1, HOLDS);
    expect(trustedKeys(early).map(toHex)).toEqual([toHex(KSK.rdata)]);
    expect(statesOf(advanceKeys(early, seen, NOW + 30 * DAY, HOLDS))).toEqual(['valid', 'valid']);
  });

  test('wants a second probe that shows a new key, however long it lies back', () => {
    const pending = {
      ...tracked([NEXT.rdata, 'add-pend', NOW - 99 * DAY]),
      keys: [{ rdata: NEXT.rdata, state: 'add-pend' as const, count: 0, changedAt: NOW - 99 * DAY }],
    };
    expect(statesOf(advanceKeys(pending, { ...NOTHING, present: [NEXT.rdata] }, NOW, HOLDS))).toEqual(['add-pend']);
  });

  test('forgets a pending key that disappears, so that its wait starts anew', () => {
    const gone = advanceKeys(tracked([NEXT.rdata, 'add-pend', NOW - 29 * DAY]), NOTHING, NOW, HOLDS);
    expect(gone.keys).toEqual([]);
  });

  test('goes on trusting a missing key, and forgets it late and only when another is trusted', () => {
    const missing = advanceKeys(tracked([KSK.rdata, 'valid', 1]), NOTHING, NOW, HOLDS);
    expect(statesOf(missing)).toEqual(['missing']);
    expect(trustedKeys(missing).length).toBe(1);
    expect(statesOf(advanceKeys(missing, NOTHING, NOW + 400 * DAY, HOLDS))).toEqual(['missing']);
    const both = tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'missing', NOW - 400 * DAY]);
    expect(statesOf(advanceKeys(both, { ...NOTHING, present: [NEXT.rdata] }, NOW, HOLDS))).toEqual(['valid']);
  });

  test('takes a key back that was missing', () => {
    const back = advanceKeys(tracked([KSK.rdata, 'missing', 1]), { ...NOTHING, present: [KSK.rdata] }, NOW, HOLDS);
    expect(statesOf(back)).toEqual(['valid']);
  });

  test('never trusts a revoked key again, and forgets it after the remove hold-down time', () => {
    const revoked = revokeKeys(tracked([KSK.rdata, 'valid', 1]), [KSK.revoked], NOW);
    expect(statesOf(revoked)).toEqual(['revoked']);
    expect(isWhollyRevoked(revoked)).toBe(true);
    const shown = advanceKeys(revoked, { ...NOTHING, present: [KSK.rdata] }, NOW + DAY, HOLDS);
    expect(trustedKeys(shown)).toEqual([]);
    expect(advanceKeys(revoked, NOTHING, NOW + 30 * DAY, HOLDS).keys).toEqual([]);
  });

  test('trusts at once the key that a configured DS names, and drops the DS', () => {
    const start = { zone: ZONE, ds: [Uint8Array.of(1)], keys: [] };
    const seen = { present: [KSK.rdata, NEXT.rdata], namedByDs: [KSK.rdata] };
    const after = advanceKeys(start, seen, NOW, HOLDS);
    expect(after.ds).toEqual([]);
    expect(trustedKeys(after).map(toHex)).toEqual([toHex(KSK.rdata)]);
  });
});

describe('RFC 5011 §2.2, what proves a probe', () => {
  const crypto = createNodeCrypto();
  const policy = algorithmPolicy(crypto, DEFAULT_VALIDATE_OPTIONS.algorithms);
  const means: ProbeParts = {
    crypto,
    policy,
    skew: DEFAULT_VALIDATE_OPTIONS.skew,
    signatureTime: BY_THE_CLOCK,
    now: NOW,
  };
  const trust = tracked([KSK.rdata, 'valid', 1]);

  test('a signature of a trusted key', async () => {
    const set = signedSet([KSK.rdata, NEXT.rdata, ZSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    const proven = await proveProbe(set, trust, means);
    expect(proven.proven?.seen.present.map(toHex).sort()).toEqual([KSK.rdata, NEXT.rdata].map(toHex).sort());
  });

  test('not one of the zone signing key, nor of a new key alone', async () => {
    const rdatas = [KSK.rdata, NEXT.rdata, ZSK.rdata];
    const nothing = { revoked: [], proven: null };
    expect(await proveProbe(signedSet(rdatas, [{ key: ZSK, rdata: ZSK.rdata }]), trust, means)).toEqual(nothing);
    expect(await proveProbe(signedSet(rdatas, [{ key: NEXT, rdata: NEXT.rdata }]), trust, means)).toEqual(nothing);
  });

  test('a revocation only when the revoked key has signed it itself', async () => {
    const rdatas = [KSK.revoked, NEXT.rdata];
    const two = tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'valid', 1]);
    const claimed = await proveProbe(signedSet(rdatas, [{ key: NEXT, rdata: NEXT.rdata }]), two, means);
    expect(claimed.revoked).toEqual([]);
    const signers = [
      { key: NEXT, rdata: NEXT.rdata },
      { key: KSK, rdata: KSK.revoked },
    ];
    const own = await proveProbe(signedSet(rdatas, signers), two, means);
    expect(own.revoked.map(toHex)).toEqual([toHex(KSK.revoked)]);
  });

  test('no stranger that calls itself revoked', async () => {
    const stranger = makeKey(257);
    const set = signedSet([stranger.revoked], [{ key: stranger, rdata: stranger.revoked }]);
    expect(await proveProbe(set, trust, means)).toEqual({ revoked: [], proven: null });
  });

  const EVIL = makeKey(257);
  test('nothing but its own revocation by a key that revokes itself', async () => {
    const two = tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'valid', 1]);
    const set = signedSet([KSK.revoked, EVIL.rdata], [{ key: KSK, rdata: KSK.revoked }]);
    const probe = await proveProbe(set, two, means);
    expect(probe.revoked.map(toHex)).toEqual([toHex(KSK.revoked)]);
    expect(probe.proven).toBeNull();
  });

  test.each([
    ['in its revoked form', KSK.revoked],
    ['without the REVOKE bit', KSK.rdata],
  ])('nothing at all by a key that was revoked before, %s', async (_how, rdata) => {
    const two = tracked([NEXT.rdata, 'valid', 1], [KSK.revoked, 'revoked', NOW - DAY]);
    const set = signedSet([rdata, EVIL.rdata], [{ key: KSK, rdata }]);
    expect(await proveProbe(set, two, means)).toEqual({ revoked: [], proven: null });
  });

  test('nothing by the plain form of a key that revokes itself in the same set', async () => {
    const set = signedSet(
      [KSK.revoked, KSK.rdata, EVIL.rdata],
      [
        { key: KSK, rdata: KSK.revoked },
        { key: KSK, rdata: KSK.rdata },
      ],
    );
    const probe = await proveProbe(set, tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'valid', 1]), means);
    expect(probe.proven).toBeNull();
    expect(probe.revoked.map(toHex)).toEqual([toHex(KSK.revoked)]);
  });

  test('the key that is trusted, however many others stand before it', async () => {
    const many = Array.from({ length: 80 }, () => makeKey(256).rdata);
    const set = signedSet([...many, KSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    expect((await proveProbe(set, trust, means)).proven?.seen.present.map(toHex)).toEqual([toHex(KSK.rdata)]);
  });

  test('makes no digest of more keys than are looked at, however many have the tag of a DS (KeyTrap)', async () => {
    const ds = strayDs(1);
    let digests = 0;
    const counting: ProbeParts = {
      ...means,
      crypto: {
        ...means.crypto,
        digest: (kind, data) => {
          digests++;
          return means.crypto.digest(kind, data);
        },
      },
    };
    const set = signedSet([...collidingKeys(1000, TAG), KSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    const probe = await proveProbe(set, { ...trust, ds }, counting);
    expect(probe.proven?.seen.present.map(toHex)).toEqual([toHex(KSK.rdata)]);
    expect(digests).toBeGreaterThan(0);
    expect(digests).toBeLessThanOrEqual(2 * 64);
  });

  test.each<[SignatureTime, boolean]>([
    [{ kind: 'clock' }, false],
    [{ kind: 'fixed', unixSeconds: NOW }, true],
    [{ kind: 'fixed', unixSeconds: NOW - 900 * DAY }, false],
    [{ kind: 'ignored' }, true],
  ])('a signature that holds at the time that counts: %o', async (signatureTime, isProven) => {
    const set = signedSet([KSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    const probe = await proveProbe(set, trust, { ...means, signatureTime, now: NOW + 2000 * DAY });
    expect(probe.proven !== null).toBe(isProven);
  });
});

describe('the state file', () => {
  const notes = { isRevoked: false, bitsOf: () => 256 };
  const state: AnchorState = {
    tracked: tracked([NEXT.rdata, 'add-pend', NOW], [KSK.rdata, 'valid', NOW - DAY]),
    ttlSeconds: 10_800,
    lastQueried: NOW,
    lastSuccess: NOW,
    nextProbe: NOW + 5400,
    failedProbes: 0,
    queryIntervalSeconds: 5400,
    retrySeconds: 3600,
  };

  test('comes back as it was written', () => {
    const text = formatAnchorState(state, notes);
    const read = readAnchorState(text);
    expect(
      read.ok && { ...read.state, tracked: { ...read.state.tracked, keys: [...read.state.tracked.keys].reverse() } },
    ).toEqual(state);
  });

  test('says each line that is not understood', () => {
    const read = readAnchorState('example. IN DS nonsense\nexample. IN DNSKEY 257 3 15 !!\n');
    expect(read.ok ? [] : read.errors.map(({ line }) => line)).toEqual([1, 2]);
  });

  test('may begin as a list without TTLs, as distributions ship it', () => {
    const read = readAnchorState(
      '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n',
    );
    expect(read).toMatchObject({ ok: true, state: { ttlSeconds: 3600, tracked: { ds: [expect.anything()] } } });
  });

  test('never makes a trust anchor of a key with the REVOKE bit', () => {
    const plain = formatAnchorState({ ...state, tracked: tracked([KSK.revoked, 'start', 0]) }, notes);
    const both = formatAnchorState(
      { ...state, tracked: tracked([KSK.revoked, 'valid', 1], [KSK.rdata, 'valid', 1]) },
      notes,
    );
    for (const text of [plain, both]) {
      const read = readAnchorState(text);
      expect(read.ok && trustedKeys(read.state.tracked)).toEqual([]);
    }
  });

  test('is about one zone', () => {
    const ds = 'IN DS 1 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';
    expect(readAnchorState(`a. ${ds}\nb. ${ds}\n`).ok).toBe(false);
    expect(readAnchorState('; nothing\n').ok).toBe(false);
  });
});

describe('the tracker', () => {
  function makeTracker(sets: () => RRset | null, keys = tracked([KSK.rdata, 'start', 0])) {
    const ports = makeFakePorts({ startUnixSeconds: NOW, seed: 1 });
    const crypto = createNodeCrypto();
    const anchors = new TrustAnchors();
    const read = readAnchorState(formatAnchorState({ ...FRESH, tracked: keys }, { isRevoked: false, bitsOf: () => 0 }));
    if (!read.ok) throw new Error('the test wrote a bad file');
    const changes: string[] = [];
    const tracker = new AnchorTracker(
      {
        ...ports,
        crypto,
        anchors,
        options: {
          holds: HOLDS,
          policy: algorithmPolicy(crypto, DEFAULT_VALIDATE_OPTIONS.algorithms),
          skew: DEFAULT_VALIDATE_OPTIONS.skew,
          maxRestarts: 1,
          signatureTime: BY_THE_CLOCK,
        },
        ask: async () => rankedOf(sets()),
        onTrustLost: (zone) => changes.push(String(zone)),
        report: (error) => expect.unreachable(String(error)),
      },
      [{ path: '/root.key', state: read.state }],
    );
    return { tracker, ports, anchors, changes };
  }
  const FRESH = {
    ttlSeconds: 10_800,
    lastQueried: 0,
    lastSuccess: 0,
    nextProbe: 0,
    failedProbes: 0,
    queryIntervalSeconds: 0,
    retrySeconds: 0,
  };

  function rankedOf(rrset: RRset | null): RankedRRset | null {
    if (rrset === null) return null;
    return { ...rankedAt(NOW, 99, rrset, { server: null, zone: ZONE }), originalTtl: 27 * DAY };
  }

  test('asks at once the first time, writes the file, and lets go of a key that has revoked itself', async () => {
    let set = signedSet([KSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    const { tracker, ports, anchors, changes } = makeTracker(() => set);
    tracker.start();
    await ports.clock.advance(1000);
    const text = ports.files.readText('/root.key');
    expect(text.ok && text.value).toContain(';;state=2 [  VALID  ] ;;count=0');
    expect(anchors.closest(ZONE)?.kind).toBe('positive');
    set = signedSet([KSK.revoked], [{ key: KSK, rdata: KSK.revoked }]);
    await ports.clock.advance(6000 * 1000);
    expect(anchors.closest(ZONE)).toBeNull();
    expect(changes.length).toBe(1);
    expect(ports.clock.timerCount).toBe(0);
  });

  test('lets nobody in who has only a stolen key that was revoked, and the line', async () => {
    const evil = makeKey(257);
    let set = signedSet(
      [KSK.revoked, NEXT.rdata],
      [
        { key: KSK, rdata: KSK.revoked },
        { key: NEXT, rdata: NEXT.rdata },
      ],
    );
    const { tracker, ports, anchors } = makeTracker(
      () => set,
      tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'valid', 1]),
    );
    tracker.start();
    await ports.clock.advance(1000);
    set = signedSet([KSK.revoked, evil.rdata], [{ key: KSK, rdata: KSK.revoked }]);
    for (let day = 0; day < 70; day++) await ports.clock.advance(DAY * 1000);
    expect(
      anchors
        .positive()
        .flatMap((anchor) => anchor.dnskeys)
        .map(toHex),
    ).toEqual([toHex(NEXT.rdata)]);
    expect(statesOf(tracker.states()[0]?.tracked ?? tracked()).filter((state) => state === 'add-pend')).toEqual([]);
    tracker.stop();
  });

  test('obeys a revocation at once though the rest of the set is not proven, and goes on asking', async () => {
    const set = signedSet([KSK.revoked], [{ key: KSK, rdata: KSK.revoked }]);
    const { tracker, ports, anchors } = makeTracker(
      () => set,
      tracked([NEXT.rdata, 'valid', 1], [KSK.rdata, 'valid', 1]),
    );
    tracker.start();
    await ports.clock.advance(1000);
    expect(
      anchors
        .positive()
        .flatMap((anchor) => anchor.dnskeys)
        .map(toHex),
    ).toEqual([toHex(NEXT.rdata)]);
    const [state] = tracker.states();
    // NEXT was not seen in a proven set, so it is not missing either.
    expect(state?.tracked.keys.map((key) => key.state).sort()).toEqual(['revoked', 'valid']);
    expect(state?.failedProbes).toBeGreaterThan(0);
    const text = ports.files.readText('/root.key');
    expect(text.ok && text.value).toContain('[ REVOKED ]');
    expect(ports.clock.timerCount).toBe(1);
    tracker.stop();
  });

  test('asks again by the TTL that was signed, not by the one that the message says', async () => {
    const set = signedSet([KSK.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    const { tracker, ports } = makeTracker(() => set);
    tracker.start();
    await ports.clock.advance(1000);
    expect(tracker.states()[0]).toMatchObject({ ttlSeconds: 10_800, queryIntervalSeconds: 5400 });
    tracker.stop();
  });

  test('asks at once when the clock was set, with one timer, and lets a pending key wait for as long as before', async () => {
    const next = makeKey(257);
    const set = signedSet([KSK.rdata, next.rdata], [{ key: KSK, rdata: KSK.rdata }]);
    let asked = 0;
    const { tracker, ports, anchors } = makeTracker(() => {
      asked++;
      return set;
    });
    tracker.start();
    await ports.clock.advance(1000);
    expect(asked).toBe(1);
    const step = 40 * DAY;
    ports.clock.setUnixSeconds(ports.clock.unixSeconds() + step);
    tracker.clockStepped(step);
    await ports.clock.advance(1000);
    expect(asked).toBe(2);
    expect(ports.clock.timerCount).toBe(1);
    // 30 days of calendar are over, but no day has passed: one key is trusted.
    const anchor = anchors.closest(ZONE);
    expect(anchor?.kind === 'positive' && anchor.dnskeys.length).toBe(1);
    await ports.clock.advance(31 * DAY * 1000);
    const later = anchors.closest(ZONE);
    expect(later?.kind === 'positive' && later.dnskeys.length).toBe(2);
    tracker.stop();
  });

  test('keeps what it trusts while no probe can be proven, and does not touch a file that was only configured', async () => {
    const { tracker, ports, anchors } = makeTracker(() => null);
    tracker.start();
    await ports.clock.advance(10_000 * 1000);
    expect(ports.files.exists('/root.key')).toBe(false);
    expect(anchors.closest(ZONE)?.kind).toBe('positive');
    expect(tracker.states()[0]?.failedProbes).toBeGreaterThan(2);
    tracker.stop();
    expect(ports.clock.timerCount).toBe(0);
  });
});
