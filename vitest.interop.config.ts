import { defineConfig } from 'vitest/config';

/** Tests with real programs (nsd, dig, unbound-control, ...), one at a time: they share ports and processor time. */
export default defineConfig({
  test: { include: ['test/interop/**/*.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 },
});
