/** Proves that a program that asks a named resolver validates what that says: explain called everything insecure. */

import { expect, test } from 'vitest';
import { withForwarder } from '../../src/cli/own-resolver.ts';
import { defaultConfig } from '../../src/config/config.ts';
import { readInputs } from '../../src/daemon/inputs.ts';
import { isRoot } from '../../src/wire/name.ts';
import { FakeFiles } from '../fake/fake-files.ts';

const RESOLVER = { ip: '127.0.0.1', port: 53 };

test('`hawser explain --resolver` has the root anchors to validate by', () => {
  const { anchors, findings } = readInputs(withForwarder(defaultConfig(), RESOLVER), new FakeFiles());
  expect(findings).toEqual([]);
  expect(anchors.length).toBeGreaterThan(0);
  expect(anchors.every(({ zone }) => isRoot(zone))).toBe(true);
});

test('anchors of a configuration stay the only ones', () => {
  const config = defaultConfig();
  const DS = 'example. DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000';
  const given = { ...config, server: { ...config.server, trustAnchor: [DS] } };
  const { anchors } = readInputs(withForwarder(given, RESOLVER), new FakeFiles());
  expect(anchors.map(({ zone }) => isRoot(zone))).toEqual([false]);
});
