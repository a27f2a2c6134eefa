/** Proves which server is asked: fast ones mostly, others sometimes, bad ones last, forbidden ones never. */

import { describe, expect, test } from 'vitest';
import { ServerCache } from '../../src/cache/server-cache.ts';
import { AddressRules } from '../../src/iterate/address-rules.ts';
import type { IterateOptions } from '../../src/iterate/options.ts';
import { type Candidate, candidateOf, chooseServer } from '../../src/iterate/server-selection.ts';
import { mustParseName } from '../../src/wire/name-text.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import { makeFakePorts } from '../fake/fake-ports.ts';
import { DEFAULT_ITERATE_OPTIONS, DEFAULT_SERVER_CACHE_OPTIONS } from '../support/default-options.ts';

const ZONE = mustParseName('example.');

function bench(options: Partial<IterateOptions> = {}) {
  const { clock, random } = makeFakePorts();
  const servers = new ServerCache({ clock, options: DEFAULT_SERVER_CACHE_OPTIONS });
  const whole = { ...DEFAULT_ITERATE_OPTIONS, ...options };
  const parts = { servers, random, options: whole };
  const choose = (candidates: readonly Candidate[], avoid = new Set<string>()) =>
    chooseServer(candidates, { zone: ZONE, type: TYPE.A }, avoid, parts)?.candidate.address.ip ?? null;
  /** The addresses chosen in 200 choices. */
  const chosen = (candidates: readonly Candidate[]) => new Set(Array.from({ length: 200 }, () => choose(candidates)));
  const rules = new AddressRules(whole);
  const at = (...ips: string[]) => ips.map((ip) => candidateOf(rules.at(ip)));
  return { servers, choose, chosen, at };
}

describe('chooseServer', () => {
  test('spreads over all that are within 400 ms of the best', () => {
    const { servers, chosen, at } = bench();
    servers.report(servers.at('192.0.2.1@53', ZONE), { kind: 'answered', rttMs: 10 });
    servers.report(servers.at('192.0.2.2@53', ZONE), { kind: 'answered', rttMs: 100 });
    expect(chosen(at('192.0.2.1', '192.0.2.2', '192.0.2.3'))).toEqual(new Set(['192.0.2.1', '192.0.2.2', '192.0.2.3']));
  });

  test('leaves a server that timed out alone while others answer', () => {
    const { servers, chosen, at } = bench();
    servers.report(servers.at('192.0.2.1@53', ZONE), { kind: 'answered', rttMs: 10 });
    servers.report(servers.at('192.0.2.2@53', ZONE), { kind: 'silent', waitedMs: 376, type: TYPE.A });
    expect(chosen(at('192.0.2.1', '192.0.2.2'))).toEqual(new Set(['192.0.2.1']));
    expect(chosen(at('192.0.2.2'))).toEqual(new Set(['192.0.2.2']));
  });

  test('never asks a lame server, and the other kinds only when nothing better is left', () => {
    const { servers, chosen, choose, at } = bench();
    servers.report(servers.at('192.0.2.1@53', ZONE), { kind: 'lame', lameness: 'lame', type: TYPE.A });
    servers.report(servers.at('192.0.2.2@53', ZONE), { kind: 'lame', lameness: 'dnssec-lame', type: TYPE.A });
    servers.report(servers.at('192.0.2.3@53', ZONE), { kind: 'lame', lameness: 'recursion-lame', type: TYPE.A });
    expect(choose(at('192.0.2.1'))).toBeNull();
    expect(chosen(at('192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'))).toEqual(new Set(['192.0.2.4']));
    expect(chosen(at('192.0.2.2', '192.0.2.3'))).toEqual(new Set(['192.0.2.2']));
    expect(chosen(at('192.0.2.3'))).toEqual(new Set(['192.0.2.3']));
  });

  test('gives up a server after its attempts, and leaves out those to avoid', () => {
    const { choose, at } = bench();
    const [candidate] = at('192.0.2.1');
    if (candidate === undefined) throw new Error('none');
    candidate.attempts = 5;
    expect(choose([candidate])).toBeNull();
    expect(choose(at('192.0.2.1'), new Set(['192.0.2.1@53']))).toBeNull();
  });

  test('asks the others first when one has just been silent, though it is in the band', () => {
    const { chosen, at } = bench();
    const [silent, other] = at('192.0.2.1', '192.0.2.2');
    if (silent === undefined || other === undefined) throw new Error('none');
    silent.timeouts = 1;
    expect(chosen([silent, other])).toEqual(new Set(['192.0.2.2']));
  });

  test('sends some questions to the fastest servers only, when told to', () => {
    const { servers, chosen, at } = bench({ fastServers: { permil: 1000, count: 1 } });
    servers.report(servers.at('192.0.2.1@53', ZONE), { kind: 'answered', rttMs: 10 });
    servers.report(servers.at('192.0.2.2@53', ZONE), { kind: 'answered', rttMs: 60 });
    expect(chosen(at('192.0.2.1', '192.0.2.2'))).toEqual(new Set(['192.0.2.1']));
  });

  test('reaches IPv4 through NAT64 although rules forbid IPv6', () => {
    const nat64Prefix = { address: Uint8Array.of(0, 0x64, 0xff, 0x9b, ...new Uint8Array(12)), prefixLength: 96 };
    const doNotQuery = [{ address: new Uint8Array(16), prefixLength: 0 }];
    const { choose, at } = bench({ nat64Prefix, doNotQuery, useIp4: false });
    expect(choose(at('192.0.2.1'))).toBe('192.0.2.1');
    expect(choose(at('64:ff9b::c000:201'))).toBe('64:ff9b::c000:201');
    expect(choose(at('2001:db8::1'))).toBeNull();
  });

  test('keeps to the families that are switched on, and to the preferred one', () => {
    const [withoutIp6, withoutIp4, prefersIp6] = [
      { useIp6: false },
      { useIp4: false },
      { preferFamily: 'ip6' } as const,
    ].map((options) => bench(options));
    expect(withoutIp6?.choose(withoutIp6.at('2001:db8::1'))).toBeNull();
    expect(withoutIp4?.choose(withoutIp4.at('192.0.2.1'))).toBeNull();
    expect(prefersIp6?.chosen(prefersIp6.at('192.0.2.1', '2001:db8::1'))).toEqual(new Set(['2001:db8::1']));
  });

  test('tries a family without a route only when there is nothing else', () => {
    const { servers, chosen, at } = bench();
    servers.noteUnreachable('2001:db8::1@53');
    servers.noteUnreachable('2001:db8::2@53');
    servers.noteUnreachable('2001:db8::4@53');
    expect(chosen(at('192.0.2.1', '2001:db8::3'))).toEqual(new Set(['192.0.2.1']));
    expect(chosen(at('2001:db8::3'))).toEqual(new Set(['2001:db8::3']));
  });
});
