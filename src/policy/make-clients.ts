/**
 * Makes what is configured for clients, by netblock (access-control-tag, -view and so on) and by the address that they asked
 * (interface-tag, -view and so on).
 */

import type { Config } from '../config/config.ts';
import type { ListenTarget } from '../config/form-network.ts';
import { localZoneType } from '../config/form-policy.ts';
import type { Counters } from '../trace/counters.ts';
import type { IpPrefix } from '../wire/ip-prefix.ts';
import { PrefixMap } from '../wire/prefix-map.ts';
import { ClientPolicies, type ClientPolicy, DEFAULT_CLIENT, PLAIN_CLIENT } from './client-policy.ts';
import { addData } from './local-data.ts';
import type { ZoneType } from './local-zone.ts';
import { RecordSets } from './record-sets.ts';
import type { Tags } from './tags.ts';
import type { View } from './view.ts';

/** What clients' policies are made from. */
export interface MakeClientsParts {
  readonly config: Config;
  /** Netblocks of access-control lines: each says for its clients what is configured, be it nothing. */
  readonly accessBlocks: readonly IpPrefix[];
  /** The default ones, which an address where the server listens comes before. */
  readonly defaultBlocks: readonly IpPrefix[];
  /** Listening addresses as `ip@port`. */
  readonly listenKeys: (listen: ListenTarget) => readonly string[];
  readonly tags: Tags;
  readonly views: ReadonlyMap<string, View>;
  readonly problems: string[];
  /** Of records above the bounds of one name. */
  readonly counters: Pick<Counters, 'add'>;
}

/** A client policy that is being put together. */
interface OpenPolicy {
  /** Null: no line gave any yet. */
  tags: readonly string[] | null;
  readonly tagActions: Map<number, ZoneType>;
  readonly tagData: Map<number, RecordSets>;
  view: View | null;
}

/** The lines of four directives that say the same of netblocks or of listening addresses. */
interface Lines<K> {
  readonly prefix: 'access-control' | 'interface';
  readonly tags: readonly (readonly [K, readonly string[]])[];
  readonly actions: readonly { readonly key: K; readonly tag: string; readonly value: string }[];
  readonly data: readonly { readonly key: K; readonly tag: string; readonly value: string }[];
  readonly views: readonly (readonly [K, string])[];
}

export function makeClients(parts: MakeClientsParts): ClientPolicies {
  const { accessBlocks, defaultBlocks, config, listenKeys } = parts;
  const open = new PrefixMap<OpenPolicy>();
  readLines(blockLines(config), parts, ({ address, prefixLength }) => {
    const known = open.get(address, prefixLength) ?? newPolicy();
    open.set(address, prefixLength, known);
    return [known];
  });
  const byPrefix = new PrefixMap<ClientPolicy>();
  for (const { address, prefixLength } of defaultBlocks) byPrefix.set(address, prefixLength, DEFAULT_CLIENT);
  for (const { address, prefixLength } of accessBlocks) byPrefix.set(address, prefixLength, PLAIN_CLIENT);
  for (const { address, prefixLength, value } of open.entries()) {
    byPrefix.set(address, prefixLength, closed(value, parts.tags));
  }
  const places = new Map<string, OpenPolicy>();
  readLines(listenLines(config), parts, (listen) =>
    listenKeys(listen).map((key) => {
      const known = places.get(key) ?? newPolicy();
      places.set(key, known);
      return known;
    }),
  );
  const byListener = new Map([...places].map(([key, policy]) => [key, closed(policy, parts.tags)]));
  return new ClientPolicies(byPrefix, byListener);
}

function newPolicy(): OpenPolicy {
  return { tags: null, tagActions: new Map(), tagData: new Map(), view: null };
}

function closed(policy: OpenPolicy, tags: Tags): ClientPolicy {
  const tagData = new Map([...policy.tagData].map(([tag, sets]) => [tag, sets.list()]));
  return { ...policy, tagData, tags: tags.setOf(policy.tags ?? []) };
}

function blockLines({ server }: Config): Lines<IpPrefix> {
  return {
    prefix: 'access-control',
    tags: server.accessControlTag.map(({ block, value }) => [block, value]),
    actions: server.accessControlTagAction,
    data: server.accessControlTagData,
    views: server.accessControlView.map(({ block, value }) => [block, value]),
  };
}

function listenLines({ server }: Config): Lines<ListenTarget> {
  return {
    prefix: 'interface',
    tags: server.interfaceTag.map(({ listen, value }) => [listen, value]),
    actions: server.interfaceTagAction,
    data: server.interfaceTagData,
    views: server.interfaceView.map(({ listen, value }) => [listen, value]),
  };
}

/** Of several lines of one directive for one key (and tag) the first counts, as in Unbound; data adds up. */
function readLines<K>(
  lines: Lines<K>,
  { tags, views, problems, counters }: MakeClientsParts,
  at: (key: K) => readonly OpenPolicy[],
): void {
  // Of several lines for one netblock or listening address the first counts, as in Unbound.
  for (const [key, words] of lines.tags) for (const policy of at(key)) policy.tags ??= words;
  for (const { key, tag, value } of lines.actions) {
    const type = readAction(value);
    const number = tags.numberOf(tag);
    if (type === null || number === null)
      problems.push(`${lines.prefix}-tag-action ${tag} ${value}: not a tag or type`);
    else for (const policy of at(key)) if (!policy.tagActions.has(number)) policy.tagActions.set(number, type);
  }
  for (const { key, tag, value } of lines.data) {
    const number = tags.numberOf(tag);
    for (const policy of number === null ? [] : at(key)) {
      const sets = policy.tagData.get(number ?? 0) ?? new RecordSets('oldest-first');
      policy.tagData.set(number ?? 0, sets);
      const problem = addData(sets, value, counters);
      if (problem !== null) problems.push(`${lines.prefix}-tag-data ${tag} '${value}': ${problem}`);
    }
    if (number === null) problems.push(`${lines.prefix}-tag-data ${tag}: not a tag`);
  }
  for (const [key, name] of lines.views) for (const policy of at(key)) policy.view ??= views.get(name) ?? null;
}

function readAction(text: string): ZoneType | null {
  const type = localZoneType.read(text);
  return typeof type !== 'string' || type === 'nodefault' ? null : type;
}
