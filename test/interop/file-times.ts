/** Says which file runs now and since when, and how long each took: most take minutes, of which they themselves say nothing. */

import type { Reporter, TestModule } from 'vitest/node';

export default class FileTimes implements Reporter {
  readonly #startedMs = new Map<string, number>();
  readonly #took: (readonly [seconds: number, name: string])[] = [];

  onTestModuleQueued({ relativeModuleId: name }: TestModule): void {
    this.#startedMs.set(name, performance.now());
    console.log(`${new Date().toISOString().slice(11, 19)} ${name} ...`);
  }

  onTestModuleEnd(module: TestModule): void {
    const name = module.relativeModuleId;
    const seconds = (performance.now() - (this.#startedMs.get(name) ?? 0)) / 1000;
    this.#took.push([seconds, name]);
    console.log(`${new Date().toISOString().slice(11, 19)} ${name} ${module.state()} after ${seconds.toFixed(1)} s`);
  }

  onTestRunEnd(): void {
    const lines = this.#took
      .sort(([a], [b]) => b - a)
      .map(([seconds, name]) => `${seconds.toFixed(1).padStart(7)} s ${name}`);
    console.log(`\nSeconds of each file:\n${lines.join('\n')}`);
  }
}
