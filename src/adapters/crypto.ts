/**
 * The crypto port as the programs use it: the platform where it passes a self-test, portable code for the rest; for what an engine
 * does that was chosen before (crypto-engine.ts), that engine.
 *
 * A platform may lack an algorithm (OpenSSL built without Ed448) or refuse it by policy (SHA-1 signatures on systems with
 * a crypto policy). Without this, such zones would turn bogus one day after a system update; with it they validate, only
 * more slowly, and the log says so.
 */

import type { Crypto, DigestKind } from '../ports/crypto.ts';
import { KNOWN_ANSWER_TEXT, KNOWN_ANSWERS, KNOWN_DIGESTS } from './crypto-known-answers.ts';
import { type CryptoOptions, knownAlgorithms } from './dnssec-key.ts';
import { createNodeCrypto, MAX_LOADED_KEYS, NOT_POOLED } from './node-crypto.ts';
import type { SignatureCrypto } from './openssl-p256.ts';

/** The combined port, and what came of the self-test. */
export interface SelfTestedCrypto extends Crypto {
  /** Algorithms that portable code does, since the platform failed its self-test. */
  readonly portableAlgorithms: readonly number[];
  /** Digests that portable code does. */
  readonly portableDigests: readonly DigestKind[];
}

/** The sides, for tests that must see one of them fail. */
interface CryptoSides {
  /** Signatures of some algorithms, tested already. */
  readonly engine: SignatureCrypto | null;
  readonly platform: Crypto;
  /** Called only when the platform fails at something: loading its curves takes longer than the self-test. */
  readonly portable: () => Promise<Crypto>;
}

async function loadPortable(options: CryptoOptions): Promise<Crypto> {
  const { createPortableCrypto } = await import('./portable-crypto.ts');
  return createPortableCrypto(options);
}

/** Makes and self-tests the port. `report` gets one log line for each thing that the platform refuses. */
export async function createCrypto(
  report: (line: string) => void,
  options: CryptoOptions = {},
  sides: Partial<CryptoSides> = {},
): Promise<SelfTestedCrypto> {
  const { engine = null, platform = createNodeCrypto(options) } = sides;
  // The same checks of OpenSSL, answered at once: a start does not wait until the pool has its threads.
  const tested = sides.platform ?? createNodeCrypto(options, MAX_LOADED_KEYS, NOT_POOLED);
  const known = knownAlgorithms(options).filter((algorithm) => engine === null || !engine.supports(algorithm));
  const results = await Promise.all(known.map((algorithm) => passes(tested, algorithm)));
  const good = new Set(known.filter((_, i) => results[i]));
  const portableAlgorithms = known.filter((algorithm) => !good.has(algorithm));
  const portableDigests = DIGEST_KINDS.filter((kind) => !digests(platform, kind));
  for (const algorithm of portableAlgorithms) {
    report(`crypto: the platform does not verify DNSSEC algorithm ${algorithm}; using portable code, which is slower`);
  }
  for (const kind of portableDigests) {
    report(`crypto: the platform does not compute ${kind}; using portable code, which is slower`);
  }
  const isPlatformEnough = portableAlgorithms.length === 0 && portableDigests.length === 0;
  const portable = isPlatformEnough ? platform : await (sides.portable ?? (() => loadPortable(options)))();
  const slowDigests: ReadonlySet<DigestKind> = new Set(portableDigests);
  const sideOf = (algorithm: number): SignatureCrypto => {
    if (engine?.supports(algorithm)) return engine;
    return good.has(algorithm) ? platform : portable;
  };
  return {
    portableAlgorithms,
    portableDigests,
    supports: (algorithm) => sideOf(algorithm).supports(algorithm),
    importKey: (algorithm, publicKey, wasTaken) => sideOf(algorithm).importKey(algorithm, publicKey, wasTaken),
    verify: (key, data, signature) => sideOf(key.algorithm).verify(key, data, signature),
    digest: (kind, data) => (slowDigests.has(kind) ? portable : platform).digest(kind, data),
  };
}

const DIGEST_KINDS: readonly DigestKind[] = ['sha1', 'sha256', 'sha384', 'sha512'];
const TEXT = Buffer.from(KNOWN_ANSWER_TEXT);

/** True when the good signature verifies and a spoilt one does not. */
export async function passes(crypto: SignatureCrypto, algorithm: number): Promise<boolean> {
  const answer = KNOWN_ANSWERS.find((candidate) => candidate.algorithm === algorithm);
  if (answer === undefined || !crypto.supports(algorithm)) return false;
  // RSA and DSA of the known answers have 1024 bits: inside the bounds of every adapter that does the algorithm.
  const key = crypto.importKey(algorithm, Buffer.from(answer.publicKey, 'base64'));
  if (key === null) return false;
  const signature = new Uint8Array(Buffer.from(answer.signature, 'base64'));
  if (!(await crypto.verify(key, TEXT, signature))) return false;
  signature[signature.length - 1] = (signature[signature.length - 1] ?? 0) ^ 1;
  return !(await crypto.verify(key, TEXT, signature));
}

function digests(crypto: Crypto, kind: DigestKind): boolean {
  try {
    return Buffer.from(crypto.digest(kind, TEXT)).toString('hex') === KNOWN_DIGESTS[kind];
  } catch {
    // A policy that forbids the digest shows as a thrown error.
    return false;
  }
}
