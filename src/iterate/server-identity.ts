/**
 * What a server must show over TLS before it is asked: a name or keys that configuration gives, or the keys that its own zone
 * publishes (`forward-tls-dane`).
 *
 * Leaves to others: finding those keys and proving them (resolve/forwarder-keys.ts), comparing (the network port).
 */

import type { Clock } from '../ports/clock.ts';
import type { UpstreamZone } from '../terms/upstream-zone.ts';
import type { Question } from '../wire/question.ts';
import { waitFor } from '../work/wait.ts';
import type { Work } from '../work/work.ts';
import type { Candidate } from './server-selection.ts';
import type { UpstreamQuery } from './upstream-query.ts';

/** How a question may go to a server whose keys its zone publishes. */
export type KeysWay =
  /** SHA-256 digests of its keys in base64, proven. */
  | { readonly kind: 'proven'; readonly pins: readonly string[] }
  /** None is known, and the question is one of those that prove them: whoever answers it, only what is proven counts. */
  | { readonly kind: 'proving' }
  /** None is known, and somebody is finding out; `until` ends with that. */
  | { readonly kind: 'wait'; readonly until: Promise<void> }
  /** None is known, and that was found out a moment ago. */
  | { readonly kind: 'none' };

/** Keys of servers by the TLSA records of their names. */
export interface PublishedKeys {
  wayFor(server: PublishingServer, question: Question): KeysWay;
  /** The server has shown none of its keys: it may have new ones. */
  doubt(server: PublishingServer): void;
}

/** A server by the name and port of its TLSA records. */
export interface PublishingServer {
  readonly tlsName: string;
  readonly port: number;
}

export interface ServerIdentity extends Pick<UpstreamQuery, 'tlsName' | 'tlsPins' | 'tlsIndicates'> {
  /** Nobody has shown to be anybody: what comes is not to be kept. */
  readonly isUnproven?: boolean;
}

interface IdentityParts {
  readonly clock: Clock;
  readonly publishedKeys?: PublishedKeys | undefined;
}

/** By what its keys are published; null: its zone is not one of forward-tls-dane. One without a name publishes none. */
export function publishingServer(configured: UpstreamZone | null, candidate: Candidate): PublishingServer | null {
  const { tlsName, address } = candidate;
  return configured?.tlsDane === true ? { tlsName: tlsName ?? '', port: address.port } : null;
}

/** Null: no key of it is proven, so it must not be asked. Rejects with `Cancelled` only. */
export async function publishedIdentity(
  { clock, publishedKeys }: IdentityParts,
  work: Work,
  server: PublishingServer,
  question: Question,
): Promise<ServerIdentity | null> {
  let way = publishedKeys?.wayFor(server, question) ?? ({ kind: 'none' } as const);
  if (way.kind === 'wait') {
    const { until } = way;
    const timeoutMs = work.deadlineMs - clock.monotonicMs();
    await waitFor<void>({ clock, signal: work.signal, timeoutMs, start: (settle) => void until.then(settle) });
    way = publishedKeys?.wayFor(server, question) ?? ({ kind: 'none' } as const);
  }
  // RFC 7671 §5.1: the key stands for the server, whatever name and time its certificate has.
  const named = { tlsName: null, tlsIndicates: server.tlsName };
  if (way.kind === 'proven') return { ...named, tlsPins: way.pins };
  return way.kind === 'proving' ? { ...named, isUnproven: true } : null;
}
