/** Proves that the check program finds in the files that a configuration names what the daemon finds when it starts. */

import { describe, expect, test } from 'vitest';
import { createNodeCrypto } from '../../src/adapters/node-crypto.ts';
import { inspectFiles } from '../../src/daemon/inspect-files.ts';
import { assemble } from '../../src/daemon/resolver-instance.ts';
import { configOf } from '../config/config-data.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';

const CASES: readonly (readonly [string, string, string])[] = [
  ['a bad trust anchor', 'server:\n trust-anchor-file: /bad', '. IN DS nonsense\n'],
  ['a bad state of anchors', 'server:\n auto-trust-anchor-file: /bad', '. 1 IN DNSKEY nonsense\n'],
  ['bad root hints', 'server:\n root-hints: /bad', '. NS\n'],
  ['a bad zone', 'auth-zone:\n name: a\n zonefile: /bad', 'a. 60 IN SOA nonsense\n'],
];

describe('a file with a fault', () => {
  test.each(CASES)(
    '%s is refused by the daemon and told by the check program, file and line',
    async (_, text, content) => {
      const ports = makeFakePorts();
      ports.files.replaceAtomically('/bad', content);
      const config = configOf(text);
      const assembled = await assemble({ config, ports: { ...ports, crypto: createNodeCrypto() } });
      expect(assembled.ok).toBe(false);
      const errors = inspectFiles(config, ports.files).filter(({ severity }) => severity === 'error');
      expect(errors[0]).toMatchObject({ file: '/bad' });
    },
  );
});
