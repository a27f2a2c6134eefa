/** Proves that the line of a finding says where the fault is, once. */

import { expect, test } from 'vitest';
import { findingText } from '../../src/config/finding.ts';

test.each([
  ['/a.conf', 3, 'no such word', '/a.conf:3: error: no such word'],
  ['/root.key', 0, 'no DS or DNSKEY record', '/root.key: error: no DS or DNSKEY record'],
  ['/root.key', 0, 'cannot read /root.key: a pipe, not a file', 'error: cannot read /root.key: a pipe, not a file'],
  ['', 0, 'nothing listens', 'error: nothing listens'],
])('a fault in %j at line %i', (file, line, text, expected) => {
  expect(findingText({ file, line, severity: 'error', text })).toBe(expected);
});
