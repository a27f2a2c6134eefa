/**
 * Gets a newer version of a zone from where configuration says it is to be had: primaries in order, then URLs.
 *
 * Duties: addresses of host names, probe before transfer, IXFR before AXFR, the next source when one fails.
 * Leaves to others: when to ask, whether the zone that came may be used.
 */

import type { Address } from '../ports/network.ts';
import { parseIp } from '../wire/ip.ts';
import type { Name } from '../wire/name.ts';
import { parseName } from '../wire/name-text.ts';
import { isSerialNewer } from '../wire/serial.ts';
import { runInTurns } from '../wire/steps.ts';
import { fetchOverHttp } from './http-fetch.ts';
import { readHttpUrl } from './http-url.ts';
import { probeSerial } from './soa-probe.ts';
import { type TransferEnd, type TransferParts, transferZone } from './transfer.ts';
import type { Zone } from './zone.ts';
import { zoneFileSteps } from './zone-file.ts';
import { MAX_HOST_ADDRESSES, MAX_TRANSFER_MS, MAX_TRANSFER_OCTETS, type ZoneOptions } from './zone-options.ts';

export interface SourceParts extends TransferParts {
  /** Addresses of a host, canonical text; none when it has none or they are not to be believed. */
  readonly lookUpHost: (host: Name) => Promise<readonly string[]>;
  /** PEM text of the authorities to trust for TLS; null: the system's. */
  readonly authorities: string | null;
}

interface SourceRequest {
  /** The version in force; null: none. */
  readonly own: Zone | null;
  /** Address that said there is news: asked first where it is a primary. */
  readonly preferred: string | null;
  readonly signal: AbortSignal;
  /** Called for each source that failed. */
  readonly onFailure: (source: string, why: string) => void;
  /** Checks a zone that came; false: the next source is tried. */
  readonly accept: (zone: Zone, source: string) => Promise<boolean>;
}

/** `news`: a zone was accepted. `current`: the version in force is up to date. `failed`: no source gave anything. */
type SourceEnd = 'news' | 'current' | 'failed';

interface Server {
  readonly address: Address;
  readonly tlsName: string | null;
}

export class ZoneSources {
  readonly #parts: SourceParts;
  readonly #options: ZoneOptions;
  /** Addresses that host names among the primaries had when last looked up. */
  #hostAddresses: readonly string[] = [];

  constructor(parts: SourceParts, options: ZoneOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** True when there is any. */
  get exist(): boolean {
    return this.#options.primaries.length + this.#options.urls.length > 0;
  }

  /** True for an address of a primary. */
  isPrimary(ip: string): boolean {
    return (
      this.#hostAddresses.includes(ip) ||
      this.#options.primaries.some((primary) => primary.kind === 'address' && primary.ip === ip)
    );
  }

  /** Tries the sources until one gives something. Never rejects. */
  async update(request: SourceRequest): Promise<SourceEnd> {
    const servers = await this.#servers();
    servers.sort((a, b) => preference(b, request) - preference(a, request));
    for (const server of servers) {
      if (request.signal.aborted) return 'failed';
      const end = await this.#fromServer(server, request);
      if (end !== 'failed') return end;
    }
    for (const url of this.#options.urls) {
      if (request.signal.aborted) return 'failed';
      const end = await this.#fromUrl(url, request);
      if (end !== 'failed') return end;
    }
    return 'failed';
  }

  async #servers(): Promise<Server[]> {
    const servers: Server[] = [];
    const found: string[] = [];
    for (const primary of this.#options.primaries) {
      const { port, tlsName } = primary;
      const ips = primary.kind === 'address' ? [primary.ip] : await this.#addressesOf(primary.host);
      if (primary.kind === 'host') found.push(...ips);
      for (const ip of ips) servers.push({ address: { ip, port }, tlsName });
    }
    this.#hostAddresses = found;
    return servers;
  }

  async #addressesOf(host: Name): Promise<readonly string[]> {
    return (await this.#parts.lookUpHost(host)).slice(0, MAX_HOST_ADDRESSES);
  }

  async #fromServer({ address, tlsName }: Server, request: SourceRequest): Promise<SourceEnd> {
    const { own, signal } = request;
    const source = `${address.ip}@${address.port}`;
    const ownSerial = own?.soa?.serial ?? null;
    if (tlsName === null) {
      const probed = await probeSerial(this.#parts, this.#options.name, address, signal);
      if (probed.kind === 'failed' && ownSerial !== null) return this.#failed(request, source, probed.why);
      if (probed.kind === 'serial' && ownSerial !== null && !isSerialNewer(probed.serial, ownSerial)) return 'current';
    }
    let end = await this.#transfer(address, tlsName, own, signal);
    if (end.kind === 'refused' && ownSerial !== null) {
      request.onFailure(source, `IXFR: ${end.why}`);
      end = await this.#transfer(address, tlsName, null, signal);
    }
    if (end.kind === 'refused') return this.#failed(request, source, `AXFR: ${end.why}`);
    if (end.kind === 'current') return 'current';
    return await this.#offer(end.zone, source, request);
  }

  async #transfer(
    server: Address,
    tlsName: string | null,
    own: Zone | null,
    signal: AbortSignal,
  ): Promise<TransferEnd> {
    const { authorities } = this.#parts;
    const limits = limitsOf(this.#options);
    return await transferZone(this.#parts, {
      zone: this.#options.name,
      server,
      tlsName,
      authorities,
      own,
      signal,
      ...limits,
    });
  }

  async #fromUrl(text: string, request: SourceRequest): Promise<SourceEnd> {
    const url = readHttpUrl(text);
    if (url === null) return this.#failed(request, text, 'not an http or https URL');
    const host = parseName(url.host);
    const ips = parseIp(url.host) !== null ? [url.host] : host === null ? [] : await this.#addressesOf(host);
    if (ips.length === 0) return this.#failed(request, text, 'no address of the host');
    const limits = limitsOf(this.#options);
    for (const ip of ips) {
      const { signal } = request;
      const { authorities } = this.#parts;
      const address = { ip, port: url.port };
      const fetched = await fetchOverHttp(this.#parts, { url, address, authorities, signal, ...limits });
      if (fetched.kind === 'failed') {
        request.onFailure(`${text} at ${ip}`, fetched.why);
        continue;
      }
      return await this.#readBody(fetched.body, text, request);
    }
    return 'failed';
  }

  async #readBody(body: Uint8Array, source: string, request: SourceRequest): Promise<SourceEnd> {
    const text = new TextDecoder('latin1').decode(body);
    const { zone, problems } = await runInTurns(zoneFileSteps(text, this.#options.name), this.#parts.clock);
    const [problem] = problems;
    if (problem !== undefined) return this.#failed(request, source, `line ${problem.line}: ${problem.text}`);
    if (zone === null || zone.soa === null) return this.#failed(request, source, 'no SOA of the zone in it');
    const ownSerial = request.own?.soa?.serial ?? null;
    if (ownSerial === zone.soa.serial) return 'current';
    return await this.#offer(zone, source, request);
  }

  /** A version that is older than the one in force is no news, wherever it comes from. */
  async #offer(zone: Zone, source: string, request: SourceRequest): Promise<SourceEnd> {
    const ownSerial = request.own?.soa?.serial ?? null;
    const serial = zone.soa?.serial ?? 0;
    if (ownSerial !== null && !isSerialNewer(serial, ownSerial)) {
      return this.#failed(request, source, `serial ${serial} is not newer than ${ownSerial}`);
    }
    return (await request.accept(zone, source)) ? 'news' : 'failed';
  }

  #failed(request: SourceRequest, source: string, why: string): 'failed' {
    request.onFailure(source, why);
    return 'failed';
  }
}

function preference({ address }: Server, { preferred }: SourceRequest): number {
  return address.ip === preferred ? 1 : 0;
}

function limitsOf({ maxTransferOctets, maxTransferMs }: ZoneOptions): { maxOctets: number; maxMs: number } {
  return {
    maxOctets: maxTransferOctets === 0 ? MAX_TRANSFER_OCTETS : maxTransferOctets,
    maxMs: maxTransferMs === 0 ? MAX_TRANSFER_MS : maxTransferMs,
  };
}
