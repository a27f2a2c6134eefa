/** Proves with sockets of the system, whose options are read back, that no forged ICMP has replies to clients cut into fragments. */

import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { AddressReader } from '../../src/adapters/peer.ts';
import { bindSystemCalls, SOCK_DGRAM, type SystemCalls } from '../../src/adapters/system-calls.ts';
import { UdpDescriptors } from '../../src/adapters/udp-descriptor.ts';
import type { UdpOptions } from '../../src/ports/network.ts';
import { CheckedCalls } from './checked-calls.ts';

/** Options of the system that tell what becomes of what ICMP says of a path: level and name (linux/in.h, linux/in6.h). */
const OF_IPV4 = [0, 10] as const;
const OF_IPV6 = [41, 23] as const;
/** IP_PMTUDISC_WANT, what Linux begins with, and IP_PMTUDISC_OMIT. */
const HEEDED = 1;
const IGNORED = 5;
const AF_INET6 = 10;

type ReadOption = (fd: number, level: number, name: number) => number;

/** getsockopt(2), which the resolver does not call; null without the package that calls it. */
function bindReading(): ReadOption | null {
  try {
    const koffi = createRequire(import.meta.url)(`@koromix/koffi-linux-${process.arch}`);
    const types = ['int32_t', 'int32_t', 'int32_t', 'void *', 'void *'];
    const getsockopt = koffi.load(null).func('getsockopt', 'int32_t', types);
    return (fd, level, name) => {
      const value = new Int32Array(1);
      if (getsockopt(fd, level, name, value, Int32Array.of(4)) !== 0) throw new Error(`getsockopt ${level} ${name}`);
      return value[0] as number;
    };
  } catch {
    return null;
  }
}

const bound = bindSystemCalls();
const read = bindReading();
const options = (ip: string, remotePort?: number): UdpOptions => ({
  local: { ip, port: 0 },
  ...(remotePort === undefined ? {} : { remote: { ip, port: remotePort } }),
  onDatagrams: () => {},
  onError: () => {},
});

describe.skipIf(typeof bound === 'string' || read === null)('what ICMP says of the MTU of a path', () => {
  const calls = bound as SystemCalls;
  const optionOf = read as ReadOption;

  /** Opens a socket, reads its options, closes it; what they are, or why it could not be opened. */
  function optionsOf(guard: CheckedCalls, opened: UdpOptions, given: number | null = null) {
    const made = new UdpDescriptors(guard, new AddressReader()).make(opened, given);
    if ('error' in made) return made.error.text;
    const isSix = opened.local.ip.includes(':');
    const read = (isSix ? [OF_IPV6, OF_IPV4] : [OF_IPV4]).map(([level, name]) => optionOf(made.fd, level, name));
    guard.close(made.fd);
    expect([guard.faults, [...guard.open]]).toEqual([[], []]);
    return read;
  }

  test.each([
    ['127.0.0.1', [IGNORED]],
    ['0.0.0.0', [IGNORED]],
    ['::1', [IGNORED, IGNORED]],
    ['::', [IGNORED, IGNORED]],
  ])('is ignored by a socket at %s that clients ask', (ip, expected) => {
    expect(optionsOf(new CheckedCalls(calls), options(ip))).toEqual(expected);
  });

  test('is ignored by a socket that was handed over', () => {
    const guard = new CheckedCalls(calls);
    const given = guard.socket(AF_INET6, SOCK_DGRAM, 0);
    expect(optionsOf(guard, options('::'), given)).toEqual([IGNORED, IGNORED]);
  });

  test.each([
    ['127.0.0.1', [HEEDED]],
    ['::1', [HEEDED, HEEDED]],
  ])('is left to the system by a socket at %s that asks a server', (ip, expected) => {
    expect(optionsOf(new CheckedCalls(calls), options(ip, 53))).toEqual(expected);
  });

  test('stays as it is where the system has no such option', () => {
    class OlderCalls extends CheckedCalls {
      override setsockopt(...given: Parameters<SystemCalls['setsockopt']>): number {
        const [, level, name] = given;
        const isIt = [OF_IPV4, OF_IPV6].some((option) => option[0] === level && option[1] === name);
        return isIt ? -1 : super.setsockopt(...given);
      }
    }
    expect(optionsOf(new OlderCalls(calls), options('127.0.0.1'))).toEqual([HEEDED]);
  });
});
