/** Failures as text for people. Each text begins with the kind, so that it can be searched for. */

import type { Failure } from './failure.ts';
import { LIMIT_TEXT } from './limit.ts';
import { unreachable } from './unreachable.ts';

export function failureText(why: Failure): string {
  return `${why.kind}: ${sentence(why)}`;
}

function sentence(why: Failure): string {
  switch (why.kind) {
    case 'no-reachable-server': {
      if (why.tried === '' && !why.networkError) {
        return `no server of ${why.zone} was asked: do-not-query, do-ip4 or do-ip6 forbid their addresses, or they are down`;
      }
      const where = why.isNotPublic === true ? ' (none has a public address)' : '';
      const how = why.networkError ? 'could be reached (network error)' : 'answered in time';
      return `no server of ${why.zone} ${how}${where}${tried(why)}`;
    }
    case 'no-sockets':
      return `this host has no sockets left to ask the servers of ${why.zone} (open files: ulimit -n)`;
    case 'all-servers-lame':
      return `no server of ${why.zone} gives a usable answer${tried(why)}`;
    case 'no-server-addresses':
      return `no server of ${why.zone} has a usable address`;
    case 'limit':
      return LIMIT_TEXT[why.limit];
    case 'alias-loop':
      return `the alias chain comes back to ${why.at}`;
    case 'dependency-cycle':
      return 'the servers of the zone can only be found through each other';
    case 'deadline':
      return why.record === undefined ? 'the question took too long' : `the question for ${why.record} took too long`;
    case 'cancelled':
      return 'stopped before an answer came';
    case 'overload':
      return 'too many questions in progress';
    case 'rate-limited':
      return `the servers of ${why.zone} are asked as often as they may be (ratelimit)`;
    case 'zone-unusable':
      return `the copy of ${why.zone} is missing, expired or wrong (auth-zone without fallback-enabled)`;
    case 'cached-failure':
      return failureText(why.of);
    default:
      return unreachable(why);
  }
}

function tried({ tried: servers, untried = 0 }: { readonly tried: string; readonly untried?: number }): string {
  const left = untried === 0 ? '' : `, and ${untried} more next time`;
  return servers === '' ? left : `; tried ${servers}${left}`;
}
