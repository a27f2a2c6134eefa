/** The instance as the control channel sees it: joins rooms that control may not import to the interfaces that it has. */

import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { ControlOptions } from '../control/control-server.ts';
import type { AuthZones, InstanceView, Statistics } from '../control/parts.ts';
import { LocalTables } from '../policy/local-tables.ts';
import type { Policy } from '../policy/policy.ts';
import type { Files } from '../ports/files.ts';
import type { TlsKeyCheck } from '../ports/network.ts';
import { namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import type { ZoneStore } from '../zones/zone-store.ts';
import { readControlKeys } from './control-keys.ts';
import { explainParts } from './explain-parts.ts';
import { listAnchors } from './list-anchors.ts';
import type { ResolverInstance } from './resolver-instance.ts';

/** Where Unbound's control channel listens when nothing is configured. */
const LOCALHOST = ['127.0.0.1', '::1'];

/** The options of the control server, or why it cannot listen; null: control-enable is no. */
type ControlSetup =
  | { readonly ok: true; readonly options: ControlOptions | null }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Reads where to listen, and the keys and certificates for it. */
export function controlSetup(config: Config, files: Files, check: TlsKeyCheck): ControlSetup {
  const { controlEnable, controlInterface, controlPort, controlUseCert } = config.remoteControl;
  if (!controlEnable) return { ok: true, options: null };
  const { doIp4, doIp6 } = config.server;
  const standard = LOCALHOST.filter((ip) => (ip.includes(':') ? doIp6 : doIp4)).map((ip) => ({
    ip,
    port: controlPort,
  }));
  const given = controlInterface.map(({ target: listener, port }) =>
    listener.startsWith('/')
      ? { path: listener }
      : { ip: listener === '::0' ? '::' : listener, port: port ?? controlPort },
  );
  const listeners = given.length > 0 ? given : standard;
  const needsTls = controlUseCert && listeners.some((listener) => 'ip' in listener);
  if (!needsTls) return { ok: true, options: { listeners, tls: null } };
  const findings: Finding[] = [];
  const tls = readControlKeys(config, { files, check }, findings);
  return tls === null ? { ok: false, findings } : { ok: true, options: { listeners, tls } };
}

/** The instance in force, for the commands. */
export function controlView(instance: ResolverInstance, statistics: Statistics): InstanceView {
  const { config, caches, resolver, anchors, serverZones, hints, policy, zones, zoneRates, clientRates, cookies } =
    instance;
  return {
    config,
    caches,
    resolver,
    serverZones,
    hints,
    insecure: anchors,
    listAnchors: () => listAnchors(instance),
    explaining: (clock) => explainParts(instance, clock),
    followers: instance.followers,
    expiringSignatures: instance.expiringSignatures,
    recentBogus: instance.recentBogus,
    forgetShared: (test) => instance.sharedCache?.forget(test),
    statistics,
    local: new LocalTables(policy),
    authZones: controlZones(zones, policy),
    rates: {
      zones: (all) => (zoneRates?.list(all) ?? []).map((rate) => ({ ...rate, who: formatName(rate.zone) })),
      clients: (all) => clientRates.list(all).map((rate) => ({ ...rate, who: rate.ip })),
    },
    cookies: cookies.path === '' ? null : cookies,
  };
}

/** The zones as the control channel sees them. */
function controlZones(zones: ZoneStore, policy: Policy): AuthZones {
  return {
    list: () => zones.list(),
    has: (zone) => zones.has(zone),
    isRpz: (zone) => zones.isRpz(zone),
    reload: (zone) => zones.reload(zone),
    transfer: (zone) => zones.transfer(zone),
    setRpzEnabled: (zone, isEnabled) => {
      for (const rpz of policy.rpz.zones) if (namesEqual(rpz.options.name, zone)) rpz.isEnabled = isEnabled;
    },
  };
}
