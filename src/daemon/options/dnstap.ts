/** What clause `dnstap:` says, as the room takes it. */

import { absolutePath } from '../../config/check-files.ts';
import type { Config } from '../../config/config.ts';
import type { TapType } from '../../dnstap/tap-message.ts';
import type { TapOptions } from '../../dnstap/taps.ts';
import type { Address } from '../../ports/network.ts';
import { PROGRAM_VERSION } from '../version.ts';

/** Everything but what is in files. */
export interface DnstapOptions extends TapOptions {
  readonly remote: Address | { readonly path: string };
  readonly isBidirectional: boolean;
  /** Null: unencrypted, as to a unix socket. */
  readonly tls: {
    /** Null: the certificate is not checked, as with Unbound without a name. */
    readonly serverName: string | null;
    /** Files, `''`: none. */
    readonly bundlePath: string;
    readonly keyPath: string;
    readonly certificatePath: string;
  } | null;
  readonly identity: string | null;
  readonly version: string | null;
}

/** Port of `dnstap-ip` without one, as in Unbound. */
const DEFAULT_PORT = 53;

/** Null: nothing is copied (dnstap-enable, or none of the kinds of messages). */
export function dnstapOptions(config: Config, hostName: string): DnstapOptions | null {
  const { dnstap } = config;
  const wanted: readonly (readonly [TapType, boolean])[] = [
    ['resolverQuery', dnstap.dnstapLogResolverQueryMessages],
    ['resolverResponse', dnstap.dnstapLogResolverResponseMessages],
    ['clientQuery', dnstap.dnstapLogClientQueryMessages],
    ['clientResponse', dnstap.dnstapLogClientResponseMessages],
    ['forwarderQuery', dnstap.dnstapLogForwarderQueryMessages],
    ['forwarderResponse', dnstap.dnstapLogForwarderResponseMessages],
  ];
  const types = new Set(wanted.filter(([, isWanted]) => isWanted).map(([type]) => type));
  if (!dnstap.dnstapEnable || types.size === 0) return null;
  const file = (path: string): string => (path === '' ? '' : absolutePath(config, path));
  const { dnstapIp: place } = dnstap;
  const tls = {
    serverName: dnstap.dnstapTlsServerName === '' ? null : dnstap.dnstapTlsServerName,
    bundlePath: file(dnstap.dnstapTlsCertBundle),
    keyPath: file(dnstap.dnstapTlsClientKeyFile),
    certificatePath: file(dnstap.dnstapTlsClientCertFile),
  };
  return {
    types,
    sampleRate: dnstap.dnstapSampleRate,
    remote:
      place === null ? { path: file(dnstap.dnstapSocketPath) } : { ip: place.target, port: place.port ?? DEFAULT_PORT },
    isBidirectional: dnstap.dnstapBidirectional,
    tls: place !== null && dnstap.dnstapTls ? tls : null,
    identity: dnstap.dnstapSendIdentity ? dnstap.dnstapIdentity || hostName : null,
    version: dnstap.dnstapSendVersion ? dnstap.dnstapVersion || PROGRAM_VERSION : null,
  };
}
