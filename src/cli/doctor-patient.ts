/** What the doctor examines without a daemon, or beside it: a resolver of its own is started for the time of one question. */

import { createNodeHost } from '../adapters/node-host.ts';
import type { Config } from '../config/config.ts';
import { askRootKeys, patientOf } from '../daemon/join-doctor.ts';
import type { Patient } from '../doctor/patient.ts';
import type { Files } from '../ports/files.ts';
import type { Ports } from '../ports/ports.ts';
import { heapUse } from './heap.ts';
import { startOwnResolver } from './own-resolver.ts';

/** Milliseconds for the root to prove its keys. */
const ROOT_MS = 15_000;

/** This host with a configuration. */
export function patientOfConfig(config: Config, ports: Ports): Patient {
  const resolveRootKeys = async (): ReturnType<Patient['resolveRootKeys']> => {
    // Local copies of zones would be transferred, and anchors written: nothing is to change.
    const alone = { ...config, authZones: [], rpzs: [] };
    const own = await startOwnResolver(alone, { ...ports, files: withoutWriting(ports.files) });
    if (!('resolver' in own)) return own.join('; ');
    const inTime = new Promise<string>((resolve) => {
      ports.clock.after(ROOT_MS, () => resolve('the root did not answer in time'));
    });
    const resolution = await Promise.race([askRootKeys(own.resolver), inTime]);
    own.stop();
    return resolution;
  };
  const view = { host: createNodeHost(), heapOctets: heapUse().limit };
  return { ...patientOf(config, ports, view), resolveRootKeys, isDaemon: false };
}

/** The same files, of which nothing is changed. */
export function withoutWriting(files: Files): Files {
  const done = { ok: true, value: undefined } as const;
  return {
    readText: (path, maxOctets) => files.readText(path, maxOctets),
    readBytes: (path, maxOctets) => files.readBytes(path, maxOctets),
    readPrivate: (path, maxOctets) => files.readPrivate(path, maxOctets),
    readPrivateInBackground: (path, maxOctets) => files.readPrivateInBackground(path, maxOctets),
    glob: (pattern) => files.glob(pattern),
    exists: (path) => files.exists(path),
    identity: (path) => files.identity(path),
    replaceAtomically: () => done,
    replaceInBackground: async () => done,
    append: () => done,
    remove: () => done,
    removeSocket: () => {},
  };
}
