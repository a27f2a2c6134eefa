/**
 * The form of the cache file: a head that says what its entries rest on, the entries, and a code under a key of this host.
 *
 * Duties: which entries are written, the bound in octets; what is refused when it is read (damaged, cut short, of another host or form,
 * from the future, of other servers or rules), and whether verdicts may be kept.
 * Leaves to others: files and timers (cache-file.ts), entries to caches (stored-entries.ts), one entry's octets (cache/).
 */

import type { AnswerEntry } from '../cache/cached-answer.ts';
import { EntryWriter } from '../cache/entry-writer.ts';
import { isSameCode, keyedDigestInPieces, MAC_OCTETS } from '../cache/keyed-digest.ts';
import { OctetReader } from '../cache/octet-reader.ts';
import { OctetWriter } from '../cache/octet-writer.ts';
import type { Crypto } from '../ports/crypto.ts';
import { RANK } from '../terms/rank.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { bytesEqual, concatBytes } from '../wire/bytes.ts';
import type { Steps } from '../wire/steps.ts';
import type { Caches } from './caches.ts';

/** What the file begins with. */
const MAGIC = new TextEncoder().encode('HawserCF');
/** Of the form: changes with every change of it. A file of another one is dropped. */
const FORM_VERSION = 3;
/** Octets of a digest of what entries rest on. */
const BASIS_OCTETS = 32;
/** Octets before the first entry: magic, version, second, octets of the whole file, two digests. */
const HEAD_OCTETS = MAGIC.length + 2 + 8 + 8 + 2 * BASIS_OCTETS;
/** Entries that are looked at before others get their turn: about a millisecond. */
const ENTRIES_PER_TURN = 50;

/** What entries rest on, as digests. */
export interface Basis {
  /** Verdicts: trust anchors, negative ones, rules of validation, version of the program. */
  readonly trust: Uint8Array;
  /** Data: the servers that are asked, what is taken from them. */
  readonly data: Uint8Array;
}

/** What an image is made or read with. */
export interface ImageParts {
  readonly crypto: Pick<Crypto, 'digest'>;
  readonly key: Uint8Array;
  readonly basis: Basis;
  /** Unix seconds. */
  readonly now: number;
}

/** What is written. */
export interface ImageSource {
  readonly caches: Caches;
  readonly maxOctets: number;
  /** Expired entries too (serve-expired). */
  readonly withExpired: boolean;
  /** In the order of use, which needs all of it in one turn: of what does not fit, the least used is left out. */
  readonly isOrdered: boolean;
}

/** What a file is good for. */
type OpenedImage =
  | {
      readonly kind: 'usable';
      /** Entries from here on, up to the code at the end. */
      readonly entries: Uint8Array;
      /** False: nothing in it counts as validated. */
      readonly keepsVerdicts: boolean;
      readonly writtenAt: number;
    }
  /** `why` is a sentence for the log. */
  | { readonly kind: 'refused'; readonly why: string };

/** The octets of a file; yields where others may have their turn. */
export function* makeImage({ crypto, key, basis, now }: ImageParts, source: ImageSource): Steps<Uint8Array> {
  const entries = new EntryWriter();
  yield* writeEntries(entries, now, source);
  const head = new OctetWriter(HEAD_OCTETS);
  head.octets(MAGIC);
  head.u16(FORM_VERSION);
  head.number(now);
  head.number(HEAD_OCTETS + entries.length + MAC_OCTETS);
  head.octets(basis.trust);
  head.octets(basis.data);
  const image = concatBytes(head.written(), entries.written());
  return concatBytes(image, yield* keyedDigestInPieces(crypto, key, image));
}

function* writeEntries(out: EntryWriter, now: number, source: ImageSource): Steps<void> {
  const { caches, maxOctets, withExpired, isOrdered } = source;
  const isFull = (): boolean => HEAD_OCTETS + out.length + MAC_OCTETS > maxOctets - ENTRY_ROOM;
  const isWanted = (expiresAt: number): boolean => withExpired || expiresAt > now;
  let looked = 0;
  for (const cut of caches.delegations.entries()) {
    if (isFull()) return;
    if (cut.expiresAt > now && (cut.source === 'referral' || cut.source === 'priming')) out.delegation(cut);
  }
  yield;
  for (const entry of isOrdered ? caches.answers.entries() : caches.answers.unordered()) {
    if (isFull()) return;
    if (isWanted(entry.cached.expiresAt) && isWorthIt(entry.cached)) out.answer(entry);
    if (++looked % ENTRIES_PER_TURN === 0) yield;
  }
  for (const piece of caches.denials.pieces(isOrdered)) {
    if (isFull()) return;
    for (const span of piece) if (span.ranked.expiresAt > now) out.span(span);
    yield;
  }
  for (const ranked of isOrdered ? caches.rrsets.entries() : caches.rrsets.unordered()) {
    if (isFull()) return;
    if (isWanted(ranked.expiresAt) && isWorthIt(ranked) && ranked.rank !== RANK.configured) out.rrset(ranked);
    if (++looked % ENTRIES_PER_TURN === 0) yield;
  }
}

/** Octets that the largest entry may take: it is written whole before the bound is looked at. */
const ENTRY_ROOM = 256 * 1024;

/** What is bogus, or could not be decided, is found out anew. */
function isWorthIt({ verdict }: Pick<RankedRRset, 'verdict'> | Pick<AnswerEntry['cached'], 'verdict'>): boolean {
  return verdict === null || verdict.status === 'secure' || verdict.status === 'insecure';
}

/** Checks a file before anything in it is believed; yields where others may have their turn. */
export function* openImage({ crypto, key, basis, now }: ImageParts, file: Uint8Array): Steps<OpenedImage> {
  const refuse = (why: string): OpenedImage => ({ kind: 'refused', why });
  const head = new OctetReader(file);
  if (!bytesEqual(head.octets(MAGIC.length), MAGIC)) return refuse('it is no cache file');
  const version = head.u16();
  if (version !== FORM_VERSION) return refuse(`it has form ${version}, not ${FORM_VERSION}`);
  const [writtenAt, length] = [head.number(), head.number()];
  const [trust, data] = [head.octets(BASIS_OCTETS), head.octets(BASIS_OCTETS)];
  if (head.isBroken || file.length < length) return refuse('it is cut short');
  const image = file.subarray(0, -MAC_OCTETS);
  const code = yield* keyedDigestInPieces(crypto, key, image);
  // From here on its own words count: only who has the key can have written them.
  if (!isSameCode(code, file.subarray(-MAC_OCTETS))) return refuse('it is damaged, or was not written by this host');
  if (writtenAt > now) return refuse(`it is from ${writtenAt - now} s in the future: the clock went back`);
  if (!bytesEqual(data, basis.data))
    return refuse('other servers are asked, or other data is taken from them, than then');
  const keepsVerdicts = bytesEqual(trust, basis.trust);
  return { kind: 'usable', entries: image.subarray(HEAD_OCTETS), keepsVerdicts, writtenAt };
}
