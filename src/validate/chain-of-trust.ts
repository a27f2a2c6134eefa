/**
 * The walk of trust: from the closest anchor, or the deepest zone that is known below it, down to a name, one label at a
 * time (RFC 4035 §5, §5.2). It stops at the first zone that is not secure.
 *
 * Duties: order of steps, sharing them, remembering zones. Leaves to others: one step (chain-step.ts).
 */

import { unreachable } from '../terms/unreachable.ts';
import type { BogusReason, InsecureReason } from '../terms/verdict.ts';
import { isAtOrBelow, isBelow, labelAfter, labelCount, lastLabels, type Name, namesEqual } from '../wire/name.ts';
import { formatName } from '../wire/name-text.ts';
import { questionOf } from '../wire/question.ts';
import { CLASS, TYPE } from '../wire/rr-type.ts';
import { andThen, type Soon } from '../work/soon.ts';
import { proveAnchor, stepToChild } from './chain-step.ts';
import type { TrustAnchor } from './trust-anchors.ts';
import type { ValidationContext } from './validation-context.ts';
import type { NonSecureVerdict, SecureZone, Step, ZoneSecurity } from './zone-security.ts';

/** The trust of the deepest zone at or above `target`; `anchor` must be the closest one above it. At once where it is known. */
export function trustOf(validation: ValidationContext, target: Name, anchor: TrustAnchor): Soon<ZoneSecurity> {
  const known = deepestKnown(validation, target, anchor) ?? primeAnchor(validation, anchor);
  return known instanceof Promise
    ? known.then((late) => walkDown(validation, target, late))
    : walkDown(validation, target, known);
}

/** Goes down from a zone at or above the target, the first step to a name of so many labels. */
function walkDown(
  validation: ValidationContext,
  target: Name,
  from: ZoneSecurity,
  first: number = labelCount(from.zone) + 1,
): Soon<ZoneSecurity> {
  if (from.status !== 'secure' || from.zone.length === target.length) return from;
  const depth = labelCount(target);
  let trust: ZoneSecurity = from;
  for (let labels = first; labels <= depth && trust.status === 'secure'; labels++) {
    const step = stepTo(validation, trust, lastLabels(target, labels));
    if (step instanceof Promise) {
      const above = trust;
      return step.then((late) => walkDown(validation, target, late ?? above, labels + 1));
    }
    trust = step ?? trust;
  }
  return trust;
}

/** The trust of the zone that begins at `child`, remembered; null: none does. */
function stepTo(validation: ValidationContext, parent: SecureZone, child: Name): Soon<ZoneSecurity | null> {
  const step = validation.share(child, () => stepToChild(validation, parent, child));
  return step instanceof Promise ? step.then((late) => cutOf(validation, child, late)) : cutOf(validation, child, step);
}

function cutOf(validation: ValidationContext, child: Name, step: Step): ZoneSecurity | null {
  remember(validation, child, step);
  return step.status === 'no-cut' ? null : step;
}

/** Data with a signature, as far as its place in the tree matters. */
interface SignedData {
  readonly signer: Name;
  /** The name whose zone holds the data. */
  readonly inZoneOf: Name;
  /** The zone whose servers gave it; null: not known. */
  readonly servedBy: Name | null;
}

/**
 * The trust that counts for signed data. A zone does not sign what lies below a cut of it (RFC 4035 §5.3.1): what it signed
 * before the cut was made is over. Where a cut between signer and holder is known, it is asked for anew, since it may be the
 * cut that is over; where only a referral said so, it is proven. What then stands there counts, not what signed.
 */
export function trustOfSigner(
  validation: ValidationContext,
  signed: SignedData,
  anchor: TrustAnchor,
): Soon<ZoneSecurity> {
  const trust = trustOf(validation, signed.signer, anchor);
  if (trust instanceof Promise) return trust.then((late) => trustBelow(validation, signed, anchor, late));
  return trustBelow(validation, signed, anchor, trust);
}

/** What counts in place of the signer's trust, where a cut lies between it and the data. */
function trustBelow(
  validation: ValidationContext,
  signed: SignedData,
  anchor: TrustAnchor,
  trust: ZoneSecurity,
): Soon<ZoneSecurity> {
  const { signer, inZoneOf } = signed;
  if (trust.status !== 'secure' || !namesEqual(trust.zone, signer)) return trust;
  // Below an anchor of its own a zone is not to be reached from above: what stands there is configured.
  const own = validation.parts.anchors.closest(inZoneOf);
  if (own !== null && isBelow(own.zone, signer)) return trust;
  const cuts = knownCuts(validation, signer, inZoneOf);
  for (const cut of cuts) forgetCut(validation, cut);
  const deepest = cuts.at(-1) ?? signer;
  const target = isServedBelow(signed) && isBelow(signed.servedBy, deepest) ? signed.servedBy : deepest;
  return target === signer ? trust : trustOf(validation, target, anchor);
}

/** True when the servers of a zone between the signer and the data gave it: they were found by a referral. */
export function isServedBelow(signed: SignedData): signed is SignedData & { readonly servedBy: Name } {
  const { servedBy, signer, inZoneOf } = signed;
  return servedBy !== null && isBelow(servedBy, signer) && isAtOrBelow(inZoneOf, servedBy);
}

/** Forgets a zone cut and whatever says that it is one or is none: the servers of the zone above are to say. */
function forgetCut(validation: ValidationContext, cut: Name): void {
  const { keys, rrsets, answers } = validation.parts;
  keys.remove(cut);
  rrsets.remove(cut, TYPE.DS, CLASS.IN);
  answers?.remove(questionOf(cut, TYPE.DS));
  validation.askAnew(cut);
}

/**
 * Proven zone cuts below `signer`, at or above `holder`, the deepest last. What proves a cut: a DS set that the zone above signed, or signed
 * denial records that show a delegation without DS.
 */
export function knownCuts(validation: ValidationContext, signer: Name, inZoneOf: Name): readonly Name[] {
  const { keys, rrsets } = validation.parts;
  const cuts: Name[] = [];
  for (let at = 0; inZoneOf.length - at > signer.length; at = labelAfter(inZoneOf, at)) {
    const hasDs = rrsets.find(inZoneOf, TYPE.DS, CLASS.IN, at)?.verdict?.status === 'secure';
    if (hasDs || isProvenCut(keys.find(inZoneOf, at))) cuts.unshift(lastLabels(inZoneOf, labelCount(inZoneOf, at)));
  }
  return cuts;
}

/** An opt-out span and high NSEC3 iterations make a name insecure without saying that there is a cut. */
function isProvenCut(trust: ZoneSecurity | null): boolean {
  if (trust?.status !== 'insecure') return trust?.status === 'secure';
  return PROVEN_BY_CUT.has(trust.why.kind);
}

const PROVEN_BY_CUT: ReadonlySet<string> = new Set<InsecureReason['kind']>([
  'no-ds-proven',
  'algorithm-unsupported',
  'digest-unsupported',
]);

function deepestKnown(validation: ValidationContext, target: Name, anchor: TrustAnchor): ZoneSecurity | null {
  for (let at = 0; target.length - at >= anchor.zone.length; at = labelAfter(target, at)) {
    const known = validation.parts.keys.find(target, at);
    if (known !== null) return known;
  }
  return null;
}

function primeAnchor(validation: ValidationContext, anchor: TrustAnchor): Soon<ZoneSecurity> {
  const step = validation.share(anchor.zone, () =>
    andThen(proveAnchor(validation, anchor), (trust) => {
      if (trust.status === 'secure') validation.parts.onPrimed?.(anchor);
      return trust;
    }),
  );
  // An anchor's zone is a zone by configuration: a step that found no cut can only be a joined one from above it.
  return andThen(step, (known) => cutOf(validation, anchor.zone, known) ?? proveAnchor(validation, anchor));
}

/** Keeps a zone's trust. What is indeterminate is asked again by the next question. */
function remember(validation: ValidationContext, name: Name, step: Step): void {
  validation.note(() => traceOf(name, step));
  if (step.status === 'no-cut' || step.status === 'indeterminate' || !validation.mayKeep) return;
  validation.parts.keys.store({ ...step, zone: new Uint8Array(step.zone) as Name });
}

function traceOf(zone: Name, step: Step) {
  if (step.status === 'no-cut') return { kind: 'zone-trust', zone, status: 'secure', why: 'no zone cut here' } as const;
  if (step.status === 'secure') return { kind: 'zone-trust', zone, status: 'secure', verdict: step } as const;
  return { kind: 'zone-trust', zone, status: step.status, why: step.why.kind, verdict: step } as const;
}

/** The verdict on data that lies in or below a zone which is not secure. */
export function verdictBelow(trust: Exclude<ZoneSecurity, { readonly status: 'secure' }>): NonSecureVerdict {
  switch (trust.status) {
    case 'insecure':
      return { status: 'insecure', why: trust.why };
    case 'bogus':
      return { status: 'bogus', why: brokenAbove(trust.zone, trust.why) };
    case 'indeterminate':
      return { status: 'indeterminate', why: trust.why };
    default:
      return unreachable(trust);
  }
}

function brokenAbove(zone: Name, why: BogusReason): BogusReason {
  return why.kind === 'chain-broken-above' ? why : { kind: 'chain-broken-above', zone: formatName(zone), of: why };
}
