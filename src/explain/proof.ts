/**
 * Denial proofs in words: which NSEC or NSEC3 record of an answer proves what, and which piece of the proof is missing.
 *
 * Leaves to others: whether the records verify, and the verdict (validate, dnssec); this shows an operator what was sent.
 * RFC 4035 §5.4 (NSEC), RFC 5155 §8 (NSEC3), RFC 9824 (compact denials).
 */

import { closestEncloser, isInsideSpan } from '../dnssec/nsec.ts';
import { isInsideHashes, readNsec3Span } from '../dnssec/nsec3.ts';
import { nsec3Hash } from '../dnssec/nsec3-hash.ts';
import { signedOwner } from '../dnssec/signed-data.ts';
import { checkTypes, cutsOffBelow } from '../dnssec/type-denial.ts';
import type { Crypto } from '../ports/crypto.ts';
import { DENIAL_FAILURE_TEXT } from '../terms/denial-outcome.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import { bytesEqual, toBase32hex, toHex } from '../wire/bytes.ts';
import { isBelow, labelCount, lastLabels, type Name, namesEqual, parentOf, wildcardOf } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { readNsec } from '../wire/rdata-nsec.ts';
import { readNsec3 } from '../wire/rdata-nsec3.ts';
import { readRrsig } from '../wire/rdata-rrsig.ts';
import { TYPE, typeText } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType, signaturesOf } from '../wire/rrset.ts';
import { signedLabelCount } from '../wire/signed-labels.ts';
import { type TypeBitmap, typesOf } from '../wire/type-bitmap.ts';
import type { ProofLine, ProofRecord, ProofStep } from './report.ts';

/** Denial sets of one answer that are looked at: an honest proof has at most 4 (RFC 5155 §7.2). */
const MAX_SETS = 12;
/** Types of one record that are listed. */
const MAX_TYPES = 20;
/**
 * NSEC3 iterations up to which names are hashed for an explanation; above, the validator takes the zone as unsigned by default
 * (RFC 9276 §3.2), and hashing would be work for nothing.
 */
const MAX_EXPLAINED_ITERATIONS = 150;

/** What is denied. */
interface Denied {
  readonly name: Name;
  readonly type: number;
  /** The answer came from the wildcard below the ancestor of so many labels; null: there is no answer. */
  readonly encloserLabels: number | null;
}

/** One record of a chain, by name or by hash. */
interface Span {
  /** True for the record of this name. */
  matches(name: Name): boolean;
  /** True when the name would stand inside. */
  covers(name: Name): boolean;
  readonly types: TypeBitmap;
  readonly record: ProofRecord;
}

/** The proof that the sets make of what is denied; null when there is no denial record among them. */
export function proofLine(denied: Denied, sets: readonly RankedRRset[], crypto: Crypto): ProofLine | null {
  const found = sets.slice(0, MAX_SETS);
  const about = `${formatName(denied.name)} ${typeText(denied.type)}`;
  const hashed = found.filter(({ rrset }) => rrsetType(rrset) === TYPE.NSEC3);
  if (hashed.length > 0) return { about, ...hashedProof(denied, hashed, crypto) };
  const named = found.filter(({ rrset }) => rrsetType(rrset) === TYPE.NSEC);
  return named.length === 0 ? null : { about, ...namedProof(denied, named) };
}

type Proof = Omit<ProofLine, 'about'>;

function namedProof(denied: Denied, sets: readonly RankedRRset[]): Proof {
  const spans = sets.flatMap(namedSpan);
  const match = denied.encloserLabels === null ? spanOf(spans, denied.name) : null;
  if (match !== null) return matchProof(denied, match.span);
  const covered = spans.find(({ span }) => span.covers(denied.name));
  if (covered === undefined) return missing(denied.name, 'name', `no record matches or covers ${show(denied.name)}`);
  const { span, owner, next } = covered;
  if (isBelow(next, denied.name)) {
    const text = `${show(denied.name)} has names below it and no records of its own (an empty non-terminal)`;
    return { says: text, isComplete: true, steps: [step('name', denied.name, span, text)] };
  }
  const encloser = closestEncloser(denied.name, { owner, next });
  const text = `${show(denied.name)} is not there: nothing stands between ${show(owner)} and ${show(next)}, so ${show(encloser)} is the closest name that exists`;
  const first = step('name', denied.name, span, text);
  return withWildcard(
    denied,
    encloser,
    [first],
    spans.map((one) => one.span),
  );
}

interface NamedSpan {
  readonly span: Span;
  readonly owner: Name;
  readonly next: Name;
}

function spanOf(spans: readonly NamedSpan[], name: Name): NamedSpan | null {
  return spans.find(({ span }) => span.matches(name)) ?? null;
}

function namedSpan({ rrset }: RankedRRset): NamedSpan[] {
  const nsec = readNsec(rdatasOf(rrset)[0] ?? new Uint8Array());
  const labels = readRrsig(signaturesOf(rrset)[0] ?? new Uint8Array())?.labels;
  // CVE-2017-15105: a record expanded from a wildcard speaks for the wildcard, as signed.
  const owner = signedOwner(rrsetOwner(rrset), labels ?? labelCount(rrsetOwner(rrset)));
  if (nsec === null || owner === null) return [];
  const { next, types } = nsec;
  const record = { owner: show(owner), type: 'NSEC', next: show(next), types: typeTexts(types), isOptOut: false };
  const span: Span = {
    matches: (name) => namesEqual(owner, name),
    // RFC 6840 §4.1: a delegation's or DNAME's record says nothing of what is below its owner.
    covers: (name) => isInsideSpan({ owner, next }, name) && !(isBelow(name, owner) && cutsOffBelow(types)),
    types,
    record: { ...record, hashing: null },
  };
  return [{ span, owner, next }];
}

function hashedProof(denied: Denied, sets: readonly RankedRRset[], crypto: Crypto): Proof {
  const zone = parentOf(rrsetOwner((sets[0] as RankedRRset).rrset));
  const parameters = readNsec3(rdatasOf((sets[0] as RankedRRset).rrset)[0] ?? new Uint8Array());
  if (parameters === null) return missing(denied.name, 'name', 'the NSEC3 records are damaged');
  const { iterations, salt } = parameters;
  if (iterations > MAX_EXPLAINED_ITERATIONS) {
    return missing(denied.name, 'name', `NSEC3 with ${iterations} iterations, which proves nothing (RFC 9276)`);
  }
  const known = new Map<Name, Uint8Array>();
  const hash = (name: Name): Uint8Array => {
    const before = known.get(name) ?? nsec3Hash(name, { iterations, salt }, crypto);
    known.set(name, before);
    return before;
  };
  const spans = sets.flatMap((set) => hashedSpan(set, zone, { hash, salt, iterations }));
  if (denied.encloserLabels !== null) return expandedProof(denied, denied.encloserLabels, spans);
  const match = spans.find((span) => span.matches(denied.name));
  return match === undefined ? encloserProof(denied, zone, spans) : matchProof(denied, match);
}

interface Hashing {
  readonly hash: (name: Name) => Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

function hashedSpan({ rrset }: RankedRRset, zone: Name, { hash, salt, iterations }: Hashing): Span[] {
  const owner = rrsetOwner(rrset);
  const rdata = rdatasOf(rrset)[0] ?? new Uint8Array();
  const read = readNsec3Span({ owner, rdata, signatureLabels: labelCount(owner) }, zone);
  if (read === null || read.parameters.iterations !== iterations || !bytesEqual(read.parameters.salt, salt)) return [];
  const hashing = { iterations, salt: toHex(salt) };
  const { types, isOptOut } = read;
  const next = toBase32hex(read.next);
  const record = { owner: show(owner), type: 'NSEC3', next, types: typeTexts(types), isOptOut, hashing };
  return [
    {
      matches: (name) => bytesEqual(read.hash, hash(name)),
      covers: (name) => isInsideHashes(read, hash(name)),
      types,
      record,
    },
  ];
}

/** RFC 5155 §8.8: the wildcard is known from the signature, and the name below it on the way to the answer is not there. */
function expandedProof(denied: Denied, encloserLabels: number, spans: readonly Span[]): Proof {
  const nextCloser = lastLabels(denied.name, encloserLabels + 1);
  const cover = spans.find((span) => span.covers(nextCloser));
  if (cover === undefined)
    return missing(nextCloser, 'next-closer', `no record covers the next closer name ${show(nextCloser)}`);
  const found = nextCloserStep(nextCloser, cover);
  return {
    says: `${show(denied.name)} is not there itself, so the wildcard ${wildcardText(lastLabels(denied.name, encloserLabels))} answers for it`,
    isComplete: true,
    steps: [found],
  };
}

/** RFC 5155 §8.3: the closest ancestor that exists, the name one label longer that does not, then the wildcard. */
function encloserProof(denied: Denied, zone: Name, spans: readonly Span[]): Proof {
  let nextCloser = denied.name;
  while (isBelow(nextCloser, zone)) {
    const candidate = parentOf(nextCloser);
    const match = spans.find((span) => span.matches(candidate));
    if (match === undefined) {
      nextCloser = candidate;
      continue;
    }
    const encloser = step('closest-encloser', candidate, match, `${show(candidate)} is the closest name that exists`);
    const cover = spans.find((span) => span.covers(nextCloser));
    if (cover === undefined) {
      const lost = missing(nextCloser, 'next-closer', `no record covers the next closer name ${show(nextCloser)}`);
      return { ...lost, steps: [encloser, ...lost.steps] };
    }
    return withWildcard(denied, candidate, [encloser, nextCloserStep(nextCloser, cover)], spans);
  }
  return missing(denied.name, 'closest-encloser', `no record shows which name above ${show(denied.name)} exists`);
}

function nextCloserStep(name: Name, span: Span): ProofStep {
  const optOut = span.record.isOptOut ? ', or is an unsigned delegation (opt-out), which nobody can tell apart' : '';
  return step('next-closer', name, span, `${show(name)} is not there${optOut}`);
}

/** The name is not there: what of the wildcard that could stand for it? */
function withWildcard(denied: Denied, encloser: Name, before: readonly ProofStep[], spans: readonly Span[]): Proof {
  const isOptOut = before.some(({ record }) => record?.isOptOut === true);
  const name = show(denied.name);
  if (denied.encloserLabels !== null) {
    return {
      says: `${name} is not there itself, so the wildcard ${wildcardText(encloser)} answers for it`,
      isComplete: true,
      steps: before,
    };
  }
  const wildcard = wildcardOf(encloser);
  const absent = isOptOut ? `${name} does not exist or is an unsigned delegation (opt-out)` : `${name} does not exist`;
  if (wildcard === null) return { says: absent, isComplete: true, steps: before };
  const match = spans.find((span) => span.matches(wildcard));
  if (match !== undefined) {
    const { text, isDenied } = sentence(`the wildcard ${show(wildcard)}`, match.types, { ...denied, name: wildcard });
    return {
      says: isDenied ? `${name} does not exist, and ${text}` : `not proven: ${text}`,
      isComplete: isDenied,
      steps: [...before, step('wildcard', wildcard, match, text)],
    };
  }
  const cover = spans.find((span) => span.covers(wildcard));
  if (cover !== undefined) {
    const text = `no wildcard ${show(wildcard)} stands for it`;
    return { says: absent, isComplete: true, steps: [...before, step('wildcard', wildcard, cover, text)] };
  }
  // RFC 5155 §8.6: with an opt-out span nothing is said of the wildcard.
  if (isOptOut) return { says: absent, isComplete: true, steps: before };
  const lost = missing(wildcard, 'wildcard', `no record says that there is no wildcard ${show(wildcard)}`);
  return { ...lost, steps: [...before, ...lost.steps] };
}

/** A record of the very name: its types decide. */
function matchProof(denied: Denied, span: Span): Proof {
  const { text, isDenied } = sentence(show(denied.name), span.types, denied);
  return {
    says: isDenied ? text : `not proven: ${text}`,
    isComplete: isDenied,
    steps: [step('name', denied.name, span, text)],
  };
}

/** What the types of a record say of its owner. */
function sentence(
  who: string,
  types: TypeBitmap,
  { name, type }: Denied,
): { readonly text: string; readonly isDenied: boolean } {
  const outcome = checkTypes(types, { name, type });
  const isDenied = outcome.kind !== 'not-proven';
  switch (outcome.kind) {
    case 'nodata':
      // RFC 9824 §3: the record was made up for a name that does not exist.
      return {
        isDenied,
        text: outcome.isCompactNxdomain ? `${who} does not exist (NXNAME)` : `${who} exists without ${typeText(type)}`,
      };
    case 'no-ds':
      return { isDenied, text: `${who} is a delegation without DS: unsigned` };
    case 'no-cut':
      return { isDenied, text: `${who} is no delegation, and has no DS` };
    case 'not-proven':
      return { isDenied, text: `${DENIAL_FAILURE_TEXT[outcome.why]} (${who})` };
    default:
      return unreachable(outcome);
  }
}

function step(role: ProofStep['role'], name: Name, span: Span, text: string): ProofStep {
  return { role, name: show(name), text, record: span.record };
}

function missing(name: Name, role: ProofStep['role'], text: string): Proof {
  return { says: `not proven: ${text}`, isComplete: false, steps: [{ role, name: show(name), text, record: null }] };
}

function show(name: Name): string {
  return formatName(name);
}

function wildcardText(encloser: Name): string {
  const wildcard = wildcardOf(encloser);
  return wildcard === null ? '' : show(wildcard);
}

function typeTexts(types: TypeBitmap): readonly string[] {
  const all = typesOf(types);
  const shown = all.slice(0, MAX_TYPES).map(typeText);
  return all.length > MAX_TYPES ? [...shown, '…'] : shown;
}

/** Names of an answer that a wildcard stands for, with the labels of what it hangs from. */
export function expansionsOf(answer: readonly RankedRRset[]): readonly Denied[] {
  return answer.flatMap(({ rrset }) => {
    const owner = rrsetOwner(rrset);
    const labels = readRrsig(signaturesOf(rrset)[0] ?? new Uint8Array())?.labels;
    if (labels === undefined || labels >= signedLabelCount(owner)) return [];
    return [{ name: owner, type: rrsetType(rrset), encloserLabels: labels }];
  });
}
