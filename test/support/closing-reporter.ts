/** Says the names of failed tests and files once more at the very end, where a long log is read first. */

import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const failed = modules.flatMap((module) => failedOf(module));
    if (errors.length > 0) failed.push(`${errors.length} errors outside of any test: see above`);
    if (failed.length > 0) console.log(`\nFailed:\n${failed.map((name) => `  ${name}`).join('\n')}\n`);
  }
}

function failedOf(module: TestModule): string[] {
  const names = [...module.children.allTests('failed')].map(
    ({ fullName }) => `${module.relativeModuleId} > ${fullName}`,
  );
  // A file that cannot be loaded, or whose hooks fail, has no failed test.
  if (names.length === 0 && module.state() === 'failed') names.push(module.relativeModuleId);
  return names;
}
