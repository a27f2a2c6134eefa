/** Directives that are not implemented: one warning with file and line, or a refusal where neglect would lower protection. */

import { describe, expect, test } from 'vitest';
import { findingsOf } from './config-data.ts';

describe('a directive without effect', () => {
  test('is warned about once, at its first line', () => {
    expect(findingsOf('server:\nmsg-buffer-size: 8192\ndlv-anchor: a\ndlv-anchor: b')).toEqual([
      'test.conf:2: warning: msg-buffer-size has no effect here',
      'test.conf:3: warning: dlv-anchor has no effect here',
    ]);
  });

  test('says why nothing is lost, once', () => {
    expect(findingsOf('server:\nharden-referral-path: yes\nharden-referral-path: yes')).toEqual([
      'test.conf:2: warning: harden-referral-path has no effect here: answers are validated whoever they come from',
    ]);
  });

  test('is not mentioned when it is set to its default', () => {
    expect(findingsOf('server:\nudp-connect: yes\ntls-upstream: no\nhttp-endpoint: "/dns-query"')).toEqual([]);
  });
});

describe('a directive that nobody could notice the effect of', () => {
  test('is read without a word', () => {
    expect(findingsOf('server:\nmsg-cache-slabs: 8\nrrset-cache-slabs: 8\nratelimit-slabs: 2')).toEqual([]);
  });
});

describe('a directive that protects', () => {
  test('is refused', () => {
    expect(findingsOf('dnscrypt:\ndnscrypt-enable: yes')).toEqual([
      'test.conf:2: error: dnscrypt-enable is not supported, and without it clients would have to ask unencrypted',
    ]);
  });
});
