/** Proves what a reload or a changed option keeps: verdicts or none of them; and that what goes on works with the new instance. */

import { describe, expect, test, vi } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { keptForOptionChange } from '../../src/cache/forget.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import { dropStaleTrust } from '../../src/daemon/reload.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { RANK } from '../../src/terms/rank.ts';
import type { Resolution } from '../../src/terms/resolution.ts';
import { SECURE } from '../../src/terms/verdict.ts';
import { ROOT } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { questionOf } from '../../src/wire/question.ts';
import { CLASS, TYPE } from '../../src/wire/rr-type.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { rankedAt, rrsetFrom } from '../support/records.ts';

const OWNER = mustParseName('mx.example.');
const OTHER_ANCHOR = '. IN DS 1 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

/** True when a secure RRset outlives the change from no configuration to `lines`. */
async function outlives(lines: readonly string[]): Promise<boolean> {
  const ports = { ...makeFakePorts(), crypto: createNodeCrypto() };
  const instanceOf = async (text: string, kept: Parameters<typeof assemble>[0]['caches']) => {
    const loaded = parseConfigText(text, 'test.conf', ports.files);
    if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join('; '));
    const assembled = await assemble({ config: loaded.config, ports, ...(kept === undefined ? {} : { caches: kept }) });
    if (!assembled.ok) throw new Error('no resolver');
    return assembled.instance;
  };
  const before = await instanceOf('server:\n', undefined);
  const rrset = rrsetFrom([`${formatName(OWNER)} A 192.0.2.1`]);
  const validated = { rank: RANK.validated, verdict: SECURE, server: null };
  before.caches.rrsets.store(rankedAt(ports.clock.unixSeconds(), 300, rrset, validated));
  const { rrsets, answers } = before.caches;
  const after = await instanceOf(['server:', ...lines, ''].join('\n'), { rrsets, answers });
  void dropStaleTrust(before, after, ports.clock);
  return after.caches.rrsets.find(OWNER, TYPE.A, CLASS.IN) !== null;
}

describe('verdicts over a reload that keeps caches', () => {
  test('stay when trust rests on the same', async () => {
    expect(await outlives([])).toBe(true);
    expect(await outlives(['  verbosity: 2'])).toBe(true);
  });

  test.each([
    ['another trust anchor', `  trust-anchor: "${OTHER_ANCHOR}"`],
    ['a negative anchor', '  domain-insecure: "example"'],
    ['SHA-1 no longer taken', '  val-sha1: no'],
    ['no validation at all', '  module-config: "iterator"'],
  ])('are forgotten with %s', async (_what, line) => {
    expect(await outlives([line])).toBe(false);
  });
});

describe('what outlives an instance when an option is changed', () => {
  const KEYS = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n';

  test('the tracker of anchors asks the resolver in force', async () => {
    const ports = { ...makeFakePorts(), crypto: createNodeCrypto() };
    ports.files.put('/root.key', KEYS);
    const loaded = parseConfigText('server:\n  auto-trust-anchor-file: "/root.key"\n', 'test.conf', ports.files);
    if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join('; '));
    const { config } = loaded;
    const before = await assemble({ config, ports });
    if (!before.ok) throw new Error('no instance');
    const caches = keptForOptionChange(before.instance.caches);
    const after = await assemble({ config, ports, caches, carried: before.instance });
    if (!after.ok) throw new Error('no instance');
    const nothing: Resolution = { kind: 'failed', question: questionOf(ROOT, TYPE.DNSKEY), why: { kind: 'cancelled' } };
    const asked = vi.spyOn(after.instance.resolver, 'resolve').mockResolvedValue(nothing);
    const askedBefore = vi.spyOn(before.instance.resolver, 'resolve').mockResolvedValue(nothing);
    await after.instance.tracker.probeNow();
    expect(asked).toHaveBeenCalled();
    expect(askedBefore).not.toHaveBeenCalled();
    after.instance.stop();
  });
});
