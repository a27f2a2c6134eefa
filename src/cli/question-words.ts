/** What `explain` and `trace` have in common: their question, the validating resolver that they ask, their exit status. */

import type { Config } from '../config/config.ts';
import { DEFAULT_PATHS } from '../config/default-path.ts';
import type { ResolverInstance } from '../daemon/resolver-instance.ts';
import type { Ports } from '../ports/ports.ts';
import { parseName } from '../wire/name-text.ts';
import { type Question, questionOf } from '../wire/question.ts';
import { typeFromText } from '../wire/rr-type.ts';
import { familyOf, type LookUpValues, serverAddress } from './look-up-source.ts';
import { readProgramConfig, startOwnResolver, withFamily, withForwarder } from './own-resolver.ts';

/** Exit statuses, by what DNSSEC says. */
const STATUS = { secure: 0, bogus: 1, insecure: 2, unknown: 3 } as const;

export const STATUS_HELP =
  'Exit status: 0 secure, 1 bogus or no answer, 2 insecure (not signed), 3 it cannot be said, or wrong words.\n';

export const VALIDATING_HELP = `  --resolver ADDR[@PORT]  ask this resolver for everything and validate here; it must pass DNSSEC records on
  -C, --config FILE       an unbound.conf: of the daemon, default ${DEFAULT_PATHS}; for the own resolver, default none
  -4, --ip4 | -6, --ip6   IPv4 | IPv6 only, for the own resolver
`;

/** NAME [TYPE]; null when it is something else. */
export function questionFrom([nameText, typeWord = 'A', ...more]: readonly string[]): Question | null {
  const name = nameText === undefined || more.length > 0 ? null : parseName(nameText);
  const type = typeFromText(typeWord.toUpperCase());
  return name === null || type === null ? null : questionOf(name, type);
}

/**
 * A resolver of our own that validates, by the root or through a named forwarder; lines that say what is wrong, else.
 * `at`: unix seconds at which signatures are judged; null: now.
 */
export async function openTracedResolver(
  values: LookUpValues,
  ports: Ports,
  at: number | null,
): Promise<ResolverInstance | readonly string[]> {
  const config = readProgramConfig(values.config ?? null, ports.files);
  if (!('server' in config)) return config;
  const forwarder = values.resolver === undefined ? null : serverAddress(values.resolver);
  if (values.resolver !== undefined && forwarder === null) return [`not an address: ${values.resolver}`];
  const asked = forwarder === null ? config : withForwarder(config, forwarder);
  return await startOwnResolver(judgedAt(withFamily(asked, familyOf(values)), at), ports);
}

function judgedAt(config: Config, at: number | null): Config {
  if (at === null) return config;
  return { ...config, server: { ...config.server, valOverrideDate: { kind: 'fixed', unixSeconds: at } } };
}

export function statusOf(status: string): number {
  if (status === 'secure') return STATUS.secure;
  if (status === 'insecure') return STATUS.insecure;
  return status === 'bogus' || status === 'failed' ? STATUS.bogus : STATUS.unknown;
}
