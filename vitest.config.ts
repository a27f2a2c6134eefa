import { defineConfig } from 'vitest/config';
import { COMPILED_CODE } from './test/support/compiled-code.ts';

/** What needs a process of its own: it measures this process's memory, or puts another module in the place of one. */
const ALONE = [
  'test/cache/heap-size.test.ts',
  'test/cache/reply-cache.test.ts',
  'test/resolve/cold-cost.test.ts',
  'test/serve/allocation.test.ts',
  'test/server/what-passes.test.ts',
  'test/validate/signature-reads.test.ts',
];

/** Milliseconds until a test counts as one that hangs: no bound on what it costs, since the machine may have other work. */
const PATIENCE_MS = 120_000;

const common = {
  testTimeout: PATIENCE_MS,
  hookTimeout: PATIENCE_MS,
  expect: { poll: { timeout: PATIENCE_MS / 2 } },
  restoreMocks: true,
  env: COMPILED_CODE,
};

/** Everything that needs no real program. What does is in vitest.interop.config.ts. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-reporter.ts'],
    projects: [
      {
        test: {
          name: 'together',
          // A process for each file would read and compile the same modules 270 times: twice the cost of the whole suite.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', '**/node_modules/**', ...ALONE],
          ...common,
        },
      },
      { test: { name: 'alone', include: ALONE, ...common } },
    ],
  },
});
