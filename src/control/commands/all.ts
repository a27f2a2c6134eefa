/** All commands of an instance. */

import type { OwnCommand } from '../command.ts';
import { CommandTable } from '../command-table.ts';
import type { ControlParts } from '../parts.ts';
import { anchorCommands } from './anchors.ts';
import { authZoneCommands } from './auth-zones.ts';
import { cacheCommands } from './cache.ts';
import { daemonCommands } from './daemon.ts';
import { explainCommands } from './explain.ts';
import { flushCommands } from './flush.ts';
import { localDataCommands } from './local-data.ts';
import { negativeAnchorCommands } from './negative-anchors.ts';
import { optionCommands } from './options.ts';
import { serverZoneCommands } from './server-zones.ts';
import { serverCommands } from './servers.ts';
import { statisticsCommands } from './statistics.ts';
import { traceCommands } from './trace.ts';

export function createCommands(parts: ControlParts): CommandTable {
  const commands: readonly OwnCommand[] = [
    ...daemonCommands(parts),
    ...statisticsCommands(parts),
    ...optionCommands(parts),
    ...cacheCommands(parts),
    ...flushCommands(parts),
    ...serverCommands(parts),
    ...serverZoneCommands(parts),
    ...localDataCommands(parts),
    ...authZoneCommands(parts),
    ...negativeAnchorCommands(parts),
    ...anchorCommands(parts),
    ...explainCommands(parts),
    ...traceCommands(parts),
  ];
  return new CommandTable(commands);
}
