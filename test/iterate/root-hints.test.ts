/** Proves that the built-in hints are those of the shipped file, and that hints files are read. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUILT_IN_HINTS, hintsFromRecords } from '../../src/iterate/root-hints.ts';
import { formatName } from '../../src/wire/name-text.ts';
import { readZoneText } from '../../src/wire/zone-text.ts';

const FILE = join(import.meta.dirname, '..', '..', 'trust-anchors', 'named.root');

test('the built-in hints are those of trust-anchors/named.root', () => {
  const { records } = readZoneText(readFileSync(FILE, 'utf8'), {});
  const plain = (hints: typeof BUILT_IN_HINTS) =>
    hints.map(({ name, addresses }) => `${formatName(name)} ${addresses.join(' ')}`);
  expect(plain(hintsFromRecords(records))).toEqual(plain(BUILT_IN_HINTS));
  expect(BUILT_IN_HINTS.length).toBe(13);
});
