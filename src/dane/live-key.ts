/** Which of two TLSA records the certificates of a host match, over all its addresses. */

import type { Crypto } from '../ports/crypto.ts';
import type { TlsProbe } from '../ports/tls-probe.ts';
import { fromHex } from '../wire/bytes.ts';
import { parseName } from '../wire/name-text.ts';
import { readTlsa, type Tlsa } from '../wire/rdata-tlsa.ts';
import { type CheckOptions, type Connection, lookUpAddresses, plain } from './check-host.ts';
import type { LookUp } from './look-up.ts';
import { matchCertificates } from './match-chain.ts';
import type { LiveKey } from './rollover.ts';
import { type StartTlsProtocol, startDialogue } from './starttls.ts';

interface LiveKeyParts extends Pick<CheckOptions, 'family' | 'timeoutMs' | 'ehlo'> {
  readonly lookUp: LookUp;
  readonly tls: TlsProbe;
  readonly crypto: Crypto;
}

interface LiveKeyCase {
  readonly host: string;
  readonly port: number;
  readonly starttls: StartTlsProtocol | null;
  /** Records as texts: `3 1 1 hex`. */
  readonly current: string;
  readonly next: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Looks at each address; `unknown` while any of them cannot be looked at. */
export async function matchLiveKey(parts: LiveKeyParts, looked: LiveKeyCase): Promise<LiveKey> {
  const host = parseName(looked.host);
  const [current, next] = [tlsaOfKey(looked.current), tlsaOfKey(looked.next)];
  if (host === null || current === null || next === null) return 'unknown';
  const { ips } = await lookUpAddresses(parts.lookUp, parts.family, host);
  const serverName = plain(host);
  const probes = ips.map(async (ip): Promise<LiveKey> => {
    const probed: Connection['probed'] = await parts.tls.probe({
      remote: { ip, port: looked.port },
      serverName,
      dialogue: looked.starttls === null ? null : startDialogue(looked.starttls, parts.ehlo),
      timeoutMs: parts.timeoutMs,
      signatures: 'any',
      checksPkix: false,
    });
    if (probed.kind === 'failed') return 'unknown';
    const { chain } = probed;
    const isMatched = (tlsa: Tlsa): boolean => {
      const chainCase = {
        tlsas: [tlsa],
        chain,
        references: [serverName],
        service: 'smtp',
        pkix: null,
        now: looked.now,
      } as const;
      return matchCertificates(chainCase, parts.crypto).status === 'matched';
    };
    return isMatched(next) ? 'next' : isMatched(current) ? 'current' : 'other';
  });
  return together(await Promise.all(probes));
}

function together(keys: readonly LiveKey[]): LiveKey {
  const kinds = new Set(keys);
  for (const kind of ['other', 'unknown'] as const) if (kinds.has(kind)) return kind;
  if (kinds.size > 1) return 'mixed';
  return keys[0] ?? 'unknown';
}

function tlsaOfKey(text: string): Tlsa | null {
  const [usage, selector, matching, hex = ''] = text.split(' ');
  const data = fromHex(hex);
  return data === null ? null : readTlsa(Uint8Array.of(Number(usage), Number(selector), Number(matching), ...data));
}
