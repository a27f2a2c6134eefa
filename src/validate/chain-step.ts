/**
 * One step of the walk of trust: from a zone whose keys are proven to what stands at a name below it.
 *
 * Duties: the DS of the child proven by the parent's keys (RFC 4035 §5.2), the child's DNSKEY set proven by that DS; an
 * anchor's DNSKEY set proven by the anchor.
 *
 * A zone is insecure by what was proven only, never by what could not be used or did not come: a DS set that the parent signed
 * and that names no supported algorithm or digest; signed denial records of the parent (no DS at a delegation, an opt-out span,
 * more NSEC3 iterations than allowed); configuration (an anchor of unsupported algorithms only, harden-dnssec-stripped).
 *
 * Leaves to others: the order of steps and what is remembered (chain-of-trust.ts), keys against DS (validate-keys.ts).
 */

import { isUnsupported, type UsableDs, usableDs } from '../dnssec/match-ds.ts';
import type { DenialOutcome } from '../terms/denial-outcome.ts';
import type { FoundResult } from '../terms/iteration-result.ts';
import type { RankedRRset } from '../terms/ranked-rrset.ts';
import { unreachable } from '../terms/unreachable.ts';
import type { InsecureReason } from '../terms/verdict.ts';
import { type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { questionOf } from '../wire/question.ts';
import { isRrsig, isSignedBy } from '../wire/rdata-rrsig.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { rdatasOf, rrsetOwner, rrsetType, someSignature } from '../wire/rrset.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { askChain } from './ask-chain.ts';
import { bogusSet, bogusZone, insecureZone, limitZone } from './conclude.ts';
import { denialReason, proveDenial, proveRecords, proveWildcard } from './prove-denial.ts';
import { recordOf, recordRef } from './signature-reason.ts';
import { storeSecure } from './store-verdict.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import { validateKeys } from './validate-keys.ts';
import type { ValidationContext } from './validation-context.ts';
import { type RRsetCheck, verifyRRset } from './verify-rrset.ts';
import type { SecureZone, Step, ZoneSecurity } from './zone-security.ts';

/** A DS set that the parent's keys prove. */
interface ProvenDs {
  readonly status: 'ds';
  readonly rdatas: readonly Uint8Array[];
  readonly expiresAt: number;
}

/** What stands at `child`, one label or more below a zone whose keys are proven. */
export function stepToChild(validation: ValidationContext, parent: SecureZone, child: Name): Soon<Step> {
  const known = validation.mayTakeKnown(child) ? validateKnownDenial(validation, parent, child) : null;
  return andThen(known, (step) => step ?? askForDs(validation, parent, child));
}

function askForDs(validation: ValidationContext, parent: SecureZone, child: Name): Soon<Step> {
  const result = askChain<ProvenDs | Step>(validation, questionOf(child, TYPE.DS), (found) =>
    validateDs(validation, parent, child, found),
  );
  return andThen(result, (step) => (step.status === 'ds' ? stepByDs(validation, child, step) : step));
}

function stepByDs(validation: ValidationContext, child: Name, result: ProvenDs): Soon<ZoneSecurity> {
  const sorted = usableDs(result.rdatas, validation.policy);
  const why = isUnsupported(sorted) ? unsupportedReason(child, sorted) : null;
  // RFC 4035 §5.2, RFC 6840 §5.2: no supported algorithm or digest: as if the zone were unsigned.
  if (why !== null) return insecureZone(validation, child, why, result.expiresAt);
  return proveKeys(validation, { zone: child, ds: sorted.usable, keys: [], expiresAt: result.expiresAt });
}

/**
 * Denial records that are at hand prove what stands at the name: the NSEC that came with the referral, or records of the
 * answer that is validated. Then nobody has to be asked. Null when they do not.
 */
function validateKnownDenial(validation: ValidationContext, parent: SecureZone, child: Name): Soon<Step | null> {
  const nsec = validation.parts.rrsets.find(child, TYPE.NSEC, CLASS.IN);
  const isCached = nsec !== null && nsec.verdict?.status !== 'bogus';
  const known = isCached ? [nsec, ...validation.denialRecords] : validation.denialRecords;
  if (known.length === 0) return null;
  // At a zone cut there are two NSEC sets of the same name (RFC 4035 §2.4): only the parent's speaks of the DS.
  const parents = known.filter(({ rrset }) =>
    someSignature(rrset, (rdata) => isRrsig(rdata) && isSignedBy(rdata, parent.zone)),
  );
  if (parents.length === 0) return null;
  const isProof = (step: Step): Step | null => (step.status === 'insecure' || step.status === 'no-cut' ? step : null);
  return andThen(validateNoDs(validation, parent, child, parents), isProof);
}

/** The trust of an anchor's own zone. */
export function proveAnchor(validation: ValidationContext, anchor: TrustAnchor): Soon<ZoneSecurity> {
  const sorted = usableDs(anchor.ds, validation.policy);
  const keys = anchor.dnskeys.filter((rdata) => validation.policy.supports(rdata[3] ?? 0));
  if (isUnsupported(sorted) && keys.length === 0) {
    const algorithms = [...sorted.algorithms, ...anchor.dnskeys.map((rdata) => rdata[3] ?? 0)];
    const why = unsupportedReason(anchor.zone, { ...sorted, algorithms });
    return insecureZone(validation, anchor.zone, why, Number.POSITIVE_INFINITY);
  }
  const proof = { zone: anchor.zone, ds: sorted.usable, keys, expiresAt: Number.POSITIVE_INFINITY };
  return andThen(proveKeys(validation, proof), (trust) => letPassStripped(validation, anchor, trust));
}

function letPassStripped(validation: ValidationContext, anchor: TrustAnchor, trust: ZoneSecurity): ZoneSecurity {
  const isStripped =
    (trust.status === 'bogus' && (trust.why.kind === 'no-dnskey' || trust.why.kind === 'no-signature')) ||
    (trust.status === 'indeterminate' && trust.why.kind === 'chain-data-unreachable');
  if (!isStripped || validation.parts.options.hardenDnssecStripped) return trust;
  // harden-dnssec-stripped: no. The zone came to us without its keys or their signatures, and that is let pass.
  const why: InsecureReason = { kind: 'no-anchor', zone: formatName(anchor.zone) };
  return insecureZone(validation, anchor.zone, why, trust.expiresAt);
}

function proveKeys(validation: ValidationContext, proof: Parameters<typeof validateKeys>[2]): Soon<ZoneSecurity> {
  const question = questionOf(proof.zone, TYPE.DNSKEY);
  return askChain<ZoneSecurity>(validation, question, (found) => {
    const ranked = findSet(found, proof.zone, TYPE.DNSKEY);
    if (ranked !== null) return validateKeys(validation, ranked, proof);
    return bogusZone(validation, proof.zone, { kind: 'no-dnskey', zone: formatName(proof.zone) });
  });
}

function findSet({ aliases, end }: FoundResult, name: Name, type: number): RankedRRset | null {
  return aliases.length > 0 ? null : setAt(end.answer, name, type);
}

/** The first set of that type at that name. */
function setAt(sets: readonly RankedRRset[], name: Name, type: number): RankedRRset | null {
  for (let i = 0; i < sets.length; i++) {
    const ranked = sets[i] as RankedRRset;
    if (rrsetType(ranked.rrset) === type && namesEqual(rrsetOwner(ranked.rrset), name)) return ranked;
  }
  return null;
}

function validateDs(
  validation: ValidationContext,
  parent: SecureZone,
  child: Name,
  found: FoundResult,
): Soon<ProvenDs | Step> {
  const alias = aliasAt(found, child);
  if (alias !== null) return validateAliasAtName(validation, parent, child, alias);
  const ds = findSet(found, child, TYPE.DS);
  if (ds === null) return validateNoDs(validation, parent, child, found.end.authority);
  if (ds.verdict?.status === 'secure') return { status: 'ds', rdatas: rdatasOf(ds.rrset), expiresAt: ds.expiresAt };
  return andThen(verifyRRset(validation, ds, parent), (check) => dsOf(validation, parent, child, { ds, check }));
}

/** A DS set, and what the parent's keys say of it. */
interface CheckedDs {
  readonly ds: RankedRRset;
  readonly check: RRsetCheck;
}

function dsOf(
  validation: ValidationContext,
  parent: SecureZone,
  child: Name,
  { ds, check }: CheckedDs,
): ProvenDs | Step {
  if (check.kind === 'limit') return limitZone(validation, child, check.limit);
  // RFC 4035 §5.2: the DS must be the parent's own; one that a wildcard made proves no delegation.
  if (check.kind === 'secure' && check.signature.isWildcard) {
    return bogusSet(validation, child, ds, { kind: 'wildcard-not-allowed', ...recordOf(ds.rrset, parent.zone) });
  }
  if (check.kind === 'bogus') return bogusSet(validation, child, ds, check.why);
  storeSecure(validation, ds, check.expiresAt);
  return { status: 'ds', rdatas: rdatasOf(ds.rrset), expiresAt: check.expiresAt };
}

/** An alias that was found in place of a DS, with the denial records that came along. */
interface AliasAtName {
  readonly alias: RankedRRset;
  readonly proof: readonly RankedRRset[];
}

function aliasAt({ aliases, end }: FoundResult, child: Name): AliasAtName | null {
  const [step] = aliases;
  if (step !== undefined) return { alias: step.alias, proof: [...step.proof, ...end.authority] };
  const alias = setAt(end.answer, child, TYPE.CNAME);
  return alias === null ? null : { alias, proof: end.authority };
}

/**
 * A CNAME or DNAME where the DS was looked for: no delegation can stand there, so the zone goes on (RFC 1034 §3.6.2). One that
 * a wildcard made says so only together with the proof that the name itself does not exist (RFC 4035 §5.3.4): else anybody
 * could put the wildcard's signed alias over a delegation.
 */
function validateAliasAtName(
  validation: ValidationContext,
  parent: SecureZone,
  child: Name,
  { alias, proof }: AliasAtName,
): Soon<Step> {
  return andThen(verifyRRset(validation, alias, parent), (check) => {
    switch (check.kind) {
      case 'secure':
        if (!check.signature.isWildcard) return { status: 'no-cut' };
        return validateExpandedAlias(validation, parent, child, { alias, proof, labels: check.signature.labels });
      case 'bogus':
        return bogusSet(validation, child, alias, check.why);
      case 'limit':
        return limitZone(validation, child, check.limit);
      default:
        return unreachable(check);
    }
  });
}

function validateExpandedAlias(
  validation: ValidationContext,
  parent: SecureZone,
  child: Name,
  { alias, proof, labels }: AliasAtName & { readonly labels: number },
): Soon<Step> {
  const unproven = { kind: 'wildcard-unproven', ...recordOf(alias.rrset, parent.zone) } as const;
  // RFC 4592 §4.4: a DNAME is not expanded.
  if (rrsetType(alias.rrset) !== TYPE.CNAME) return bogusSet(validation, child, alias, unproven);
  return andThen(proveRecords(validation, proof, parent), (records) => {
    if ('limit' in records) return limitZone(validation, child, records.limit);
    const answer = { name: child, closestEncloserLabels: labels };
    return andThen(proveWildcard(validation, records, answer, parent), (outcome) => {
      switch (outcome.kind) {
        case 'proven':
          return { status: 'no-cut' };
        case 'not-proven':
          return bogusSet(validation, child, alias, unproven);
        default:
          return stepOfDenial(validation, child, outcome, records.expiresAt);
      }
    });
  });
}

function validateNoDs(
  validation: ValidationContext,
  parent: SecureZone,
  child: Name,
  authority: readonly RankedRRset[],
): Soon<Step> {
  return andThen(proveRecords(validation, authority, parent), (records) => {
    if ('limit' in records) return limitZone(validation, child, records.limit);
    return andThen(proveDenial(validation, records, { name: child, type: TYPE.DS }, parent), (outcome) => {
      if (outcome.kind !== 'not-proven') return stepOfDenial(validation, child, outcome, records.expiresAt);
      const why = denialReason(authority, records, outcome.why, recordRef(child, TYPE.DS, parent.zone));
      return bogusZone(validation, child, why);
    });
  });
}

function stepOfDenial(
  validation: ValidationContext,
  child: Name,
  outcome: Exclude<DenialOutcome, { readonly kind: 'not-proven' }>,
  expiresAt: number,
): Step {
  const zone = formatName(child);
  switch (outcome.kind) {
    // RFC 4035 §5.2: the parent's signed record shows a delegation (NS, no SOA) without DS.
    case 'no-ds':
      return insecureZone(validation, child, { kind: 'no-ds-proven', zone }, expiresAt);
    case 'opt-out':
      // RFC 5155 §6: an unsigned delegation may hide in the span, so nothing below can be expected to be signed.
      return insecureZone(validation, child, { kind: 'opt-out', zone }, expiresAt);
    // RFC 9276 §3.2: the parent's signed NSEC3 records want more work than a validator should do.
    case 'iterations-too-high': {
      const { iterations } = outcome;
      return insecureZone(validation, child, { kind: 'nsec3-iterations-high', zone, iterations }, expiresAt);
    }
    case 'no-cut':
    case 'nodata':
    case 'wildcard-nodata':
    case 'nxdomain':
      return { status: 'no-cut' };
    case 'hash-budget':
      return limitZone(validation, child, 'nsec3-hashes');
    default:
      return unreachable(outcome);
  }
}

function unsupportedReason(zone: Name, { algorithms, digests }: UsableDs): InsecureReason {
  const text = formatName(zone);
  return algorithms.length > 0
    ? { kind: 'algorithm-unsupported', zone: text, algorithms }
    : { kind: 'digest-unsupported', zone: text, digests };
}
