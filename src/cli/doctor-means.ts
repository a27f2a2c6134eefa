/** What the doctor examines: joined from a configuration, this host, and a resolver. */

import { createNodeHost } from '../adapters/node-host.ts';
import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Patient, Upstreams } from '../doctor/patient.ts';
import type { Files } from '../ports/files.ts';
import type { Address } from '../ports/network.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { isRoot, ROOT } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import type { House, Ports } from './assemble.ts';
import { heapUse } from './heap.ts';
import { startOwnResolver } from './own-resolver.ts';
import { readInputs } from './read-inputs.ts';
import { cacheSizes } from './room-options.ts';

/** Milliseconds for the root to prove its keys. */
const ROOT_MS = 15_000;
const DNS_PORT = 53;

/** The daemon from within: its own resolver is asked, past its cache. */
export function patientOfHouse({ config, resolver }: Pick<House, 'config' | 'resolver'>, ports: Ports): Patient {
  return { ...patientOf(config, ports), resolveRootKeys: () => askRootKeys(resolver), isDaemon: true };
}

/** A host without a daemon, or beside it: a resolver of its own is started for the time of one question. */
export function patientOfConfig(config: Config, ports: Ports): Patient {
  const resolveRootKeys = async (): ReturnType<Patient['resolveRootKeys']> => {
    // Zones that are held would be transferred, and anchors written: nothing is to change.
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
  return { ...patientOf(config, ports), resolveRootKeys, isDaemon: false };
}

type CommonPatient = Omit<Patient, 'resolveRootKeys' | 'isDaemon'>;

function patientOf(config: Config, { clock, network, random, files }: Ports): CommonPatient {
  return {
    config,
    clock,
    network,
    random,
    files,
    host: createNodeHost(),
    upstreams: upstreamsOf(config, files),
    pathOf: (path) => absolutePath(config, path),
    cacheWarning: cacheSizes(config, heapUse().limit).warning,
  };
}

function upstreamsOf(config: Config, files: Files): Upstreams {
  const forward = config.forwardZones.find(({ name }) => isRoot(name));
  if (forward === undefined || forward.forwardFirst) {
    const addresses = readInputs(config, files).hints.flatMap((hint) => hint.addresses.map(onDnsPort));
    return { kind: 'root', addresses, usesTls: false };
  }
  const usesTls = forward.forwardTlsUpstream || config.server.tlsUpstream;
  const addresses = forward.forwardAddr.map(({ ip, port }) => ({ ip, port: port ?? DNS_PORT }));
  return { kind: 'forwarders', addresses, usesTls };
}

function onDnsPort(ip: string): Address {
  return { ip, port: DNS_PORT };
}

function askRootKeys(resolver: Pick<Resolver, 'resolve'>): ReturnType<Resolver['resolve']> {
  return resolver.resolve(questionOf(ROOT, TYPE.DNSKEY), { refresh: true });
}

function withoutWriting(files: Files): Files {
  const done = { ok: true, value: undefined } as const;
  return {
    readText: (path, maxOctets) => files.readText(path, maxOctets),
    readBytes: (path, maxOctets) => files.readBytes(path, maxOctets),
    glob: (pattern) => files.glob(pattern),
    exists: (path) => files.exists(path),
    replaceAtomically: () => done,
    append: () => done,
    remove: () => done,
  };
}
