/** Proves that compiled code which a serving process keeps is what V8 takes at a start, and that it takes none that was kept under other flags. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../../src/adapters/engine-flags.ts');

/** Runs a program in a process of its own, whose flags are V8's usual ones; what it prints. */
function inOwnProcess(program: string): string {
  const whole = `
    import { Script } from 'node:vm';
    import { setServingFlags, setUsualFlags } from ${JSON.stringify(MODULE)};
    const SOURCE = '(function () { return 1; })';
    ${program}`;
  return execFileSync(process.execPath, ['--input-type=module', '-e', whole], { encoding: 'utf8' });
}

/** Whether V8, at a start, refuses code that was compiled in a process that had done this before. */
function refusedAfter(action: string): string {
  const code = inOwnProcess(`${action} process.stdout.write(new Script(SOURCE).createCachedData().toString('hex'));`);
  return inOwnProcess(`
    const cachedData = Buffer.from('${code}', 'hex');
    process.stdout.write(String(new Script(SOURCE, { cachedData }).cachedDataRejected));`);
}

test('code that was compiled while serving is taken at the next start, once the flags are the usual ones', () => {
  expect(refusedAfter('setServingFlags(); setUsualFlags();')).toBe('false');
});

test('code under the flags of serving would be refused', () => {
  expect(refusedAfter('setServingFlags();')).toBe('true');
});
