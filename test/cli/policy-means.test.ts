/** Proves what policy is told by a configuration besides its own directives: names that are not validated. */

import { describe, expect, test } from 'vitest';
import { insecureNames } from '../../src/cli/policy-means.ts';
import type { Config } from '../../src/config/config.ts';
import { parseConfigText } from '../../src/config/load-config.ts';
import { formatName } from '../../src/wire/name-text.ts';
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
