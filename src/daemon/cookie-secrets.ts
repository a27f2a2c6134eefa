/**
 * The secrets of DNS cookies: from `cookie-secret-file`, `cookie-secret`, or made at start; changed by the control channel.
 *
 * Duties: reading and writing the file (one secret a line in hexadecimal, the active one first, at most two, as Unbound has
 * it), the steps of a rollover (RFC 9018 §5). Leaves to others: what secrets are used for (serve/cookies.ts).
 */

import { absolutePath } from '../config/check-files.ts';
import type { Config } from '../config/config.ts';
import type { Finding } from '../config/finding.ts';
import type { CookieSecrets } from '../control/parts.ts';
import type { Files } from '../ports/files.ts';
import type { Random } from '../ports/random.ts';
import { COOKIE_SECRET_OCTETS, MAX_COOKIE_SECRETS, ServerCookies } from '../serve/cookies.ts';
import { fromHex } from '../wire/bytes.ts';

/** Only the daemon's user may read the file: who knows a secret can make cookies for any address. */
const FILE_MODE = 0o600;

export class CookieKeeper implements CookieSecrets {
  /** Checks cookies by the secrets in force. */
  readonly check: ServerCookies;
  /** Path of the file; empty: none is configured. */
  readonly path: string;
  readonly #configured: string;
  readonly #files: Files;
  /** In force when there is none in the file. */
  readonly #fallback: Uint8Array;
  /** Of the file, the active one first. */
  #secrets: readonly string[];

  /** What cannot be read of the file is added to `findings` as errors. */
  constructor(config: Config, ports: { readonly files: Files; readonly random: Random }, findings: Finding[]) {
    const { cookieSecret, cookieSecretFile } = config.server;
    this.#files = ports.files;
    this.#configured = cookieSecret;
    this.#fallback = fromHex(cookieSecret) ?? new Uint8Array();
    if (this.#fallback.length !== COOKIE_SECRET_OCTETS) this.#fallback = ports.random.bytes(COOKIE_SECRET_OCTETS);
    this.path = absolutePath(config, cookieSecretFile);
    this.#secrets = readCookieSecrets(config, ports.files, findings);
    this.check = new ServerCookies(this.#inForce());
  }

  /** Whether it has what the configuration says; then it goes on when another option changes. */
  isFor(config: Config): boolean {
    const { cookieSecret, cookieSecretFile } = config.server;
    return cookieSecret === this.#configured && absolutePath(config, cookieSecretFile) === this.path;
  }

  list(): readonly { readonly state: 'active' | 'staging'; readonly hex: string }[] {
    return this.#secrets.map((hex, i) => ({ state: i === 0 ? 'active' : 'staging', hex }));
  }

  /** RFC 9018 §5: a new secret is first only recognised; it takes the place of one that was so before. */
  add(hex: string): string | null {
    return this.#change([...this.#secrets.slice(0, MAX_COOKIE_SECRETS - 1), hex]);
  }

  activate(): string | null {
    const [active, staging] = this.#secrets;
    if (active === undefined || staging === undefined) return 'no staging cookie secret to activate';
    return this.#change([staging, active]);
  }

  drop(): string | null {
    const [active, staging] = this.#secrets;
    if (active === undefined || staging === undefined) return 'can not drop the currently active cookie secret';
    return this.#change([active]);
  }

  /** First the file, so that what is in force is there after a restart too. */
  #change(secrets: readonly string[]): string | null {
    const written = this.#files.replaceAtomically(this.path, secrets.map((hex) => `${hex}\n`).join(''), FILE_MODE);
    if (!written.ok) return `cannot write cookie-secret-file ${this.path}: ${written.error.text}`;
    this.#secrets = secrets;
    this.check.use(this.#inForce());
    return null;
  }

  #inForce(): readonly Uint8Array[] {
    const fromFile = this.#secrets.map((hex) => fromHex(hex) ?? this.#fallback);
    return fromFile.length > 0 ? fromFile : [this.#fallback];
  }
}

/**
 * The secrets of the file, the active one first; what cannot be read of it is added to `findings` as errors. None where no
 * file is configured, or where it is not there yet: the first `add_cookie_secret` makes it.
 */
export function readCookieSecrets(config: Config, files: Files, findings: Finding[]): readonly string[] {
  const path = absolutePath(config, config.server.cookieSecretFile);
  if (path === '') return [];
  const text = files.readText(path);
  if (!text.ok && text.error.kind === 'missing') return [];
  const error = (line: number, what: string): void => {
    findings.push({ file: path, line, severity: 'error', text: `cookie-secret-file: ${what}` });
  };
  if (!text.ok) error(0, `cannot read ${path}: ${text.error.text}`);
  const lines = (text.ok ? text.value : '').split('\n').map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  lines.forEach((line, i) => {
    if (fromHex(line)?.length !== COOKIE_SECRET_OCTETS) error(i + 1, 'a secret is 128 bits as 32 hexadecimal digits');
    else if (i >= MAX_COOKIE_SECRETS) error(i + 1, `there are more than ${MAX_COOKIE_SECRETS} secrets`);
  });
  return lines.slice(0, MAX_COOKIE_SECRETS).map((line) => line.toLowerCase());
}
