import { defineConfig } from 'vitest/config';
import { COMPILED_CODE } from './test/support/compiled-code.ts';

/** Tests with real programs (nsd, dig, unbound-control, ...), one at a time: they share ports and processor time. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: COMPILED_CODE,
    reporters: ['default', './test/interop/file-times.ts', './test/support/closing-reporter.ts'],
  },
});
