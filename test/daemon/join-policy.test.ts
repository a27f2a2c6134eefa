/** Proves what policy is told by a configuration besides its own directives: names that are not validated. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import { insecureNames } from '../../src/daemon/join-policy.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

function configOf(text: string): Config {
  const ports = makeFakePorts();
  const loaded = parseConfigText(text, 'test.conf', ports.files);
  if (!loaded.ok) throw new Error(loaded.findings.map((finding) => finding.text).join('; '));
  return loaded.config;
}

describe('names that are not validated', () => {
  test('are those of domain-insecure', () => {
    const names = insecureNames(configOf('server:\n  domain-insecure: corp.example\n'));
    expect(names.map(formatName)).toEqual(['corp.example.']);
  });

  test('are also the private reverse zones with insecure-lan-zones', () => {
    const names = insecureNames(configOf('server:\n  insecure-lan-zones: yes\n')).map(formatName);
    expect(names).toContain('168.192.in-addr.arpa.');
    expect(names).toContain('d.f.ip6.arpa.');
    expect(names).not.toContain('test.');
  });
});

describe('a zone with an anchor of its own', () => {
  const DS = 'IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

  async function kindAt(zone: string, text: string) {
    const ports = makeFakePorts();
    const made = await assemble({ config: configOf(text), ports: { ...ports, crypto: createNodeCrypto() } });
    if (!made.ok) throw new Error('no resolver');
    const anchor = made.instance.anchors.closest(mustParseName(zone));
    made.instance.stop();
    return { kind: anchor?.kind, said: made.warnings.map((warning) => warning.text).join() };
  }

  test('is validated, whatever domain-insecure says; names above and below it are not', async () => {
    const both = `server:\n  trust-anchor: "corp.example. ${DS}"\n  domain-insecure: Corp.Example\n`;
    const found = await kindAt('corp.example.', both);
    expect(found.kind).toBe('positive');
    expect(found.said).toContain('domain-insecure: Corp.Example. has no effect');
    expect((await kindAt('a.corp.example.', `${both}  domain-insecure: a.corp.example\n`)).kind).toBe('negative');
    expect((await kindAt('corp.example.', `${both}  domain-insecure: example\n`)).kind).toBe('positive');
  });

  test('is the root only when its anchor is configured: nobody asked for the built-in one', async () => {
    expect((await kindAt('.', 'server:\n  domain-insecure: "."\n')).kind).toBe('negative');
    expect((await kindAt('.', `server:\n  domain-insecure: "."\n  trust-anchor: ". ${DS}"\n`)).kind).toBe('positive');
  });
});
