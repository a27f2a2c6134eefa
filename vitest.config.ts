import { defineConfig } from 'vitest/config';

/** Everything that needs no real program. What does is in vitest.interop.config.ts. */
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], exclude: ['test/interop/**', '**/node_modules/**'], testTimeout: 20_000 },
});
