/**
 * The typed configuration: what the rest of the resolver sees of unbound.conf.
 *
 * Duties: the deeply readonly `Config`, derived from the options table; its defaults.
 * Leaves to others: reading text (lexer.ts, parser.ts), checking it (check.ts). A `Config` is made once and never changed;
 * reloading makes a new one.
 */

import { defaultsOf, type ValuesOf } from './option.ts';
import { CLAUSES } from './options-table.ts';
import type { OutgoingPortRule } from './outgoing-ports.ts';

type Values<C extends keyof typeof CLAUSES> = ValuesOf<(typeof CLAUSES)[C]>;

/** Clause `server:`. */
type ServerConfig = Values<'server'>;
/** Clause `remote-control:`. */
type RemoteControlConfig = Values<'remote-control'>;
/** One `stub-zone:`. */
type StubZoneConfig = Values<'stub-zone'>;
/** One `forward-zone:`. */
type ForwardZoneConfig = Values<'forward-zone'>;
/** One `auth-zone:`. */
export type AuthZoneConfig = Values<'auth-zone'>;
/** One `view:`. */
export type ViewConfig = Values<'view'>;
/** One `rpz:`. */
export type RpzConfig = Values<'rpz'>;

/** Everything that was configured, defaults filled in. */
export interface Config {
  readonly server: ServerConfig;
  readonly remoteControl: RemoteControlConfig;
  readonly stubZones: readonly StubZoneConfig[];
  readonly forwardZones: readonly ForwardZoneConfig[];
  readonly authZones: readonly AuthZoneConfig[];
  readonly views: readonly ViewConfig[];
  readonly rpzs: readonly RpzConfig[];
  readonly python: Values<'python'>;
  readonly dynlib: Values<'dynlib'>;
  readonly ipset: Values<'ipset'>;
  readonly dnscrypt: Values<'dnscrypt'>;
  readonly cachedb: Values<'cachedb'>;
  readonly dnstap: Values<'dnstap'>;
  /** The lines of `outgoing-port-permit` and `outgoing-port-avoid`, in their order, which counts. */
  readonly outgoingPortRules: readonly OutgoingPortRule[];
  /**
   * The values of `server:` and `remote-control:` as written, by directive, those of each line after a line end: lists are
   * shown to operators in their words. One text for each, since a list may have a million lines.
   */
  readonly given: Readonly<Record<string, string>>;
}

/** The configuration of an empty file. */
export function defaultConfig(): Config {
  return {
    server: defaultsOf(CLAUSES.server),
    remoteControl: defaultsOf(CLAUSES['remote-control']),
    stubZones: [],
    forwardZones: [],
    authZones: [],
    views: [],
    rpzs: [],
    python: defaultsOf(CLAUSES.python),
    dynlib: defaultsOf(CLAUSES.dynlib),
    ipset: defaultsOf(CLAUSES.ipset),
    dnscrypt: defaultsOf(CLAUSES.dnscrypt),
    cachedb: defaultsOf(CLAUSES.cachedb),
    dnstap: defaultsOf(CLAUSES.dnstap),
    outgoingPortRules: [],
    given: {},
  };
}
