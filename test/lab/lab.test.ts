/** Proves that each line that the lab proposes shows what it says, on fake ports (`npm run lab -- --check` uses real ones). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/wire/message-view.ts';
import { makeFakePorts, TEST_START_UNIX_SECONDS } from '../fake/fake-ports.ts';
import { InhabitedWorld, worldConfigLines } from '../world/inhabited-world.ts';
import { KeyStore } from '../world/keys.ts';
import { lineDifference } from './lab-check.ts';
import { LAB_LINES } from './lab-lines.ts';
import { makeLabWorld } from './lab-world.ts';

describe('the lab', () => {
  let inhabited: InhabitedWorld;
  beforeAll(async () => {
    const ports = makeFakePorts();
    const world = makeLabWorld(TEST_START_UNIX_SECONDS, new KeyStore());
    world.attach(ports.servers);
    inhabited = await InhabitedWorld.start(ports, worldConfigLines(world));
  });
  afterAll(() => inhabited.stop());

  test.each(LAB_LINES.map((line) => [`${line.name} ${line.type} ${line.options ?? ''}: ${line.shows}`, line] as const))(
    '%s',
    async (_title, line) => {
      const { bytes } = await inhabited.ask(line.name, line.type, { isUnchecked: line.options === '+cd' });
      const parsed = parseMessage(bytes);
      expect(parsed.ok && lineDifference(line, parsed.message)).toBeNull();
    },
  );
});
