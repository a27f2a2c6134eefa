/** Copies of messages for a collector: what clause `dnstap:` and its files say, and the sender that is made of it. */

import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { TapSender, TapTarget } from '../dnstap/tap-sender.ts';
import type { Taps } from '../dnstap/taps.ts';
import type { Files } from '../ports/files.ts';
import type { TlsClientOptions } from '../ports/network.ts';
import type { Ports } from '../ports/ports.ts';
import type { Counters } from '../trace/counters.ts';
import { type DnstapOptions, dnstapOptions } from './options/dnstap.ts';

/** Options with what is in files. */
interface DnstapSetup {
  readonly options: DnstapOptions;
  readonly target: TapTarget;
}

/** Reads the files; null: nothing is to be copied, or a finding says what is wrong. */
export function readDnstap(config: Config, hostName: string, files: Files, findings: Finding[]): DnstapSetup | null {
  const options = dnstapOptions(config, hostName);
  if (options === null) return null;
  const { remote, isBidirectional, tls } = options;
  const read = tls === null ? undefined : readTls(tls, files, findings);
  return read === null
    ? null
    : { options, target: { remote, isBidirectional, ...(read === undefined ? {} : { tls: read }) } };
}

function readTls(tls: NonNullable<DnstapOptions['tls']>, files: Files, findings: Finding[]): TlsClientOptions | null {
  const before = findings.length;
  const read = (path: string): string => {
    if (path === '') return '';
    const text = files.readText(path);
    if (text.ok) return text.value;
    findings.push({ file: path, line: 0, severity: 'error', text: `cannot read ${path}: ${text.error.text}` });
    return '';
  };
  const [authorities, privateKeyPem, certificatePem] = [tls.bundlePath, tls.keyPath, tls.certificatePath].map(read);
  if (findings.length > before) return null;
  return {
    serverName: tls.serverName,
    ...(authorities ? { authorities, checksIssuer: true } : {}),
    ...(privateKeyPem && certificatePem ? { privateKeyPem, certificatePem } : {}),
  };
}

/** Taps, and the sender behind them. */
interface JoinedTaps {
  readonly taps: Taps;
  readonly sender: TapSender;
}

interface TapJoinParts {
  readonly config: Config;
  readonly ports: Pick<Ports, 'clock' | 'network' | 'log' | 'files'>;
  readonly host: { readonly hostName: string; readonly unixTime?: () => number };
  readonly counters: Counters;
}

/** Null: nothing is copied; the code for it is not even loaded. */
export async function joinDnstap(parts: TapJoinParts, findings: Finding[]): Promise<JoinedTaps | null> {
  const { config, host, counters, ports } = parts;
  const { clock, network, log, files } = ports;
  const setup = readDnstap(config, host.hostName, files, findings);
  if (setup === null) return null;
  const [{ TapSender }, { Taps }] = await Promise.all([import('../dnstap/tap-sender.ts'), import('../dnstap/taps.ts')]);
  const { options, target } = setup;
  const sender = new TapSender({ clock, network, log, counters, target });
  const octets = (text: string | null): Uint8Array | null => (text === null ? null : new TextEncoder().encode(text));
  const taps = new Taps({
    clock,
    unixTime: host.unixTime ?? (() => clock.unixSeconds()),
    options,
    source: { identity: octets(options.identity), version: octets(options.version) },
    send: (message) => sender.send(message),
  });
  return { taps, sender };
}
