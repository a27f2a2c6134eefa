/** What the doctor examines, joined from a configuration and this host; the daemon's own resolver from within. */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Patient, Upstreams } from '../doctor/patient.ts';
import type { Files } from '../ports/files.ts';
import type { Host } from '../ports/host.ts';
import type { Address } from '../ports/network.ts';
import type { Ports } from '../ports/ports.ts';
import type { Resolver } from '../resolve/resolver.ts';
import { isRoot, ROOT } from '../wire/name.ts';
import { questionOf } from '../wire/question.ts';
import { TYPE } from '../wire/rr-type.ts';
import { readInputs } from './inputs.ts';
import { cacheSizes } from './options/rooms.ts';
import type { ResolverInstance } from './resolver-instance.ts';

const DNS_PORT = 53;

type DoctorPorts = Pick<Ports, 'clock' | 'network' | 'random' | 'files'>;

interface HostView {
  readonly host: Host;
  /** Octets of the heap that caches live in; absent: no bound is known. */
  readonly heapOctets?: number | undefined;
}

/** The daemon from within: its own resolver is asked, past its cache. */
export function patientOfInstance(
  { config, resolver }: Pick<ResolverInstance, 'config' | 'resolver'>,
  ports: DoctorPorts,
  view: HostView,
): Patient {
  return { ...patientOf(config, ports, view), resolveRootKeys: () => askRootKeys(resolver), isDaemon: true };
}

/** All but who is asked for the root's keys. */
export function patientOf(
  config: Config,
  { clock, network, random, files }: DoctorPorts,
  { host, heapOctets }: HostView,
): Omit<Patient, 'resolveRootKeys' | 'isDaemon'> {
  return {
    config,
    clock,
    network,
    random,
    files,
    host,
    upstreams: upstreamsOf(config, files),
    pathOf: (path) => absolutePath(config, path),
    cacheWarning: cacheSizes(config, heapOctets).warning,
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

/** Asks for the root's keys, past the cache. */
export function askRootKeys(resolver: Pick<Resolver, 'resolve'>): ReturnType<Resolver['resolve']> {
  return resolver.resolve(questionOf(ROOT, TYPE.DNSKEY), { refresh: true });
}
