/**
 * What signatures of P-256 are checked by: OpenSSL's own functions (openssl-p256.ts) where they can be called and have shown that they
 * work here, else node:crypto.
 *
 * A wrong idea of a function would not be an error but a wrong answer, so before they are relied on they must take a good
 * signature, and refuse a spoilt one, a point that is not on the curve, and what a forger would try first: zeros.
 */

import type { ImportedKey } from '../ports/crypto.ts';
import { createCrypto, passes, type SelfTestedCrypto } from './crypto.ts';
import { KNOWN_ANSWER_TEXT, KNOWN_ANSWERS } from './crypto-known-answers.ts';
import type { CryptoOptions } from './dnssec-key.ts';
import { OpensslP256, P256_ALGORITHM, type SignatureCrypto } from './openssl-p256.ts';

/** What may be asked for. */
type WantedCryptoEngine = 'auto' | 'node' | 'ffi';

/** The engine, null for node:crypto, and the sentence for the log. */
interface ChosenCryptoEngine {
  readonly engine: SignatureCrypto | null;
  readonly text: string;
  /** OpenSSL's functions were asked for by name, and cannot be had. */
  readonly isRefused: boolean;
}

/** Chooses, and tries what is chosen. */
export async function chooseCryptoEngine(
  wanted: WantedCryptoEngine,
  open: () => (SignatureCrypto & Pick<OpensslP256, 'by'>) | string = () => OpensslP256.open(),
): Promise<ChosenCryptoEngine> {
  if (wanted === 'node') return { engine: null, text: 'P-256 signatures through node:crypto', isRefused: false };
  const opened = open();
  const fault = typeof opened === 'string' ? opened : await tryOut(opened);
  if (fault === null && typeof opened !== 'string') {
    return { engine: opened, text: `P-256 signatures through OpenSSL's functions by ${opened.by}`, isRefused: false };
  }
  return { engine: null, text: `P-256 signatures through node:crypto: ${fault}`, isRefused: wanted === 'ffi' };
}

/** Null when it answers as it must. */
async function tryOut(engine: SignatureCrypto): Promise<string | null> {
  if (!(await passes(engine, P256_ALGORITHM))) return "OpenSSL's functions did not pass their self-test";
  const field = KNOWN_ANSWERS.find(({ algorithm }) => algorithm === P256_ALGORITHM)?.publicKey ?? '';
  const publicKey = new Uint8Array(Buffer.from(field, 'base64'));
  const offCurve = Uint8Array.from(publicKey);
  offCurve[0] = (offCurve[0] ?? 0) ^ 1;
  if (engine.importKey(P256_ALGORITHM, offCurve) !== null) return "OpenSSL's functions took a key that is none";
  const key = engine.importKey(P256_ALGORITHM, publicKey);
  const isForged = key === null || (await takesZeros(engine, key));
  return isForged ? "OpenSSL's functions took a signature that is none" : null;
}

async function takesZeros(engine: SignatureCrypto, key: ImportedKey): Promise<boolean> {
  return engine.verify(key, Buffer.from(KNOWN_ANSWER_TEXT), new Uint8Array(64));
}

/** Chooses the engine of a process, and makes the crypto port with what was chosen last. */
export class CryptoMaker {
  #engine: SignatureCrypto | null = null;

  async choose(wanted: WantedCryptoEngine): Promise<Omit<ChosenCryptoEngine, 'engine'>> {
    const { engine, ...said } = await chooseCryptoEngine(wanted);
    this.#engine = engine;
    return said;
  }

  create(report: (line: string) => void, options: CryptoOptions): Promise<SelfTestedCrypto> {
    return createCrypto(report, options, { engine: this.#engine });
  }
}
