/**
 * Follows CNAME and DNAME records through one answer section (RFC 1034 §3.6.2, RFC 6672).
 *
 * Duties: the steps from the name asked to the last name that the section speaks of, synthesis of the CNAME that follows
 * from a DNAME, loops, the data at the end. Order of records does not matter. What an alias leads to is read on only where the
 * section may speak of it, which it is asked about.
 * Leaves to others: whether the server may say so (scrub), asking for the target.
 */

import { isAtOrBelow, isRoot, type Name, namesEqual, parentOf, replaceSuffix } from '../wire/name.ts';
import type { Question } from '../wire/question.ts';
import { readTargetName } from '../wire/rdata-name.ts';
import { TYPE } from '../wire/rr-type.ts';
import { firstRdatasOf, packRRset, rdataCount, signatureCount, withRdatas } from '../wire/rrset.ts';
import { type KeyedRRset, SetIndex } from '../wire/rrsets.ts';

/** One alias step of a response. */
export interface AliasGroup {
  readonly via: 'cname' | 'dname';
  readonly from: Name;
  readonly to: Name;
  /** The CNAME set, or the DNAME set that covers the name. */
  readonly alias: KeyedRRset;
  /** For a DNAME: the CNAME that follows from it (RFC 6672 §3.1). */
  readonly synthesised: KeyedRRset | null;
}

/** An answer section as a chain. */
export interface Chain {
  readonly steps: readonly AliasGroup[];
  /** The name at the end of the steps. */
  readonly end: Name;
  /** What the section holds for the question's type at that name; with trouble `too-long` the DNAME that is too long. */
  readonly data: readonly KeyedRRset[];
  /**
   * `loop`: a name comes twice. `too-long`: a DNAME makes a name of more than 255 octets (RFC 6672 §2.2).
   * `malformed`: a DNAME set of several records (RFC 6672 §2.4), or a target that is no name. `below-itself`: a DNAME
   * that leads to its own subtree can never end; its first step is all there is to say.
   */
  readonly trouble: 'loop' | 'too-long' | 'malformed' | 'below-itself' | null;
}

const NO_STEPS: readonly AliasGroup[] = [];
const NOTHING: readonly KeyedRRset[] = [];

/** Whether the sender may speak of a set at the name that an alias leads to. */
type SpeaksFor = (target: Name, group: KeyedRRset) => boolean;

/** Reads the answer section as a chain of at most `maxSteps` aliases from the name asked. */
export function readChain(
  sets: KeyedRRset[],
  question: Question,
  maxSteps: number,
  speaksFor: SpeaksFor = () => true,
): Chain {
  if (sets.length === 0) return { steps: NO_STEPS, end: question.name, data: NOTHING, trouble: null };
  const index = new SetIndex(sets);
  const steps: AliasGroup[] = [];
  let end = question.name;
  for (;;) {
    const data = withDname(index, dataAt(index, end, question), question);
    const step = steps.length < maxSteps && data.length === 0 ? stepFrom(index, end, question) : null;
    // RFC 2181 §5.4.1: AA speaks of the name asked. Where an alias leads may be another zone, which is asked itself.
    if (steps.length > 0 && !speaksForNext(step, data, (set) => speaksFor(end, set))) {
      return { steps, end, data: [], trouble: null };
    }
    if (step === null) return { steps, end, data, trouble: null };
    if (typeof step === 'string') return { steps, end, data: troubling(index, end, step, question), trouble: step };
    const isLoop = isOnWay(step.to, question.name, steps);
    steps.push(step);
    if (leadsBelowItself(step)) return { steps, end: step.to, data: [], trouble: 'below-itself' };
    if (isLoop) return { steps, end: step.to, data: [], trouble: 'loop' };
    // What stands beyond a DNAME is asked for anew: its names lie in another part of the tree than the one asked about.
    if (step.via === 'dname') return { steps, end: step.to, data: [], trouble: null };
    end = step.to;
  }
}

function speaksForNext(
  step: AliasGroup | 'too-long' | 'malformed' | null,
  data: readonly KeyedRRset[],
  speaksFor: (set: KeyedRRset) => boolean,
): boolean {
  return step === null ? data.every(speaksFor) : typeof step === 'string' || speaksFor(step.alias);
}

/** True for the name asked and for one that a step has led to. */
function isOnWay(name: Name, asked: Name, steps: readonly AliasGroup[]): boolean {
  return namesEqual(name, asked) || steps.some(({ to }) => namesEqual(name, to));
}

/** RFC 6672 §2.2: the DNAME that makes too long a name is the proof that it does, and goes to who asked. */
function troubling(
  sets: SetIndex<KeyedRRset>,
  name: Name,
  trouble: 'too-long' | 'malformed',
  question: Question,
): KeyedRRset[] {
  const dname = trouble === 'too-long' ? findDname(sets, name, question.class) : null;
  return dname === null ? [] : [dname];
}

function dataAt(sets: SetIndex<KeyedRRset>, name: Name, question: Question): readonly KeyedRRset[] {
  if (question.type === TYPE.ANY) return sets.list.filter(({ owner }) => namesEqual(owner, name));
  const set = sets.find(name, question.type, question.class);
  return set === undefined ? NOTHING : [set];
}

/**
 * A CNAME that was asked for (by its type or by ANY) and that a DNAME above made is an answer only together with that DNAME: the
 * CNAME itself is never signed (RFC 6672 §5.3.1).
 */
function withDname(sets: SetIndex<KeyedRRset>, data: readonly KeyedRRset[], question: Question): readonly KeyedRRset[] {
  if (question.type !== TYPE.CNAME && question.type !== TYPE.ANY) return data;
  const cname = data.find(({ type }) => type === TYPE.CNAME);
  if (cname === undefined || signatureCount(cname.rrset) > 0) return data;
  const dname = findDname(sets, cname.owner, question.class);
  return dname === null ? data : [dname, ...data];
}

/** The step that leads on from a name; null when none does, a string when it leads nowhere. */
function stepFrom(
  sets: SetIndex<KeyedRRset>,
  name: Name,
  question: Question,
): AliasGroup | 'too-long' | 'malformed' | null {
  const dname = findDname(sets, name, question.class);
  if (dname !== null) return stepByDname(sets, dname, name);
  const cname = sets.find(name, TYPE.CNAME, question.class);
  if (cname === undefined) return null;
  const to = firstTargetOf(cname);
  if (to === null) return 'malformed';
  // RFC 2181 §10.1: a name has one CNAME at most; of several the first is taken.
  const alias = rdataCount(cname.rrset) === 1 ? cname : withFirstRecord(cname);
  return { via: 'cname', from: name, to, alias, synthesised: null };
}

/** The DNAME set of the closest name above; never of the name itself (RFC 6672 §2.3). */
function findDname(sets: SetIndex<KeyedRRset>, name: Name, rrClass: number): KeyedRRset | null {
  if (!sets.list.some(({ type }) => type === TYPE.DNAME)) return null;
  for (let above = name; !isRoot(above); ) {
    above = parentOf(above);
    const group = sets.find(above, TYPE.DNAME, rrClass);
    if (group !== undefined) return group;
  }
  return null;
}

function stepByDname(sets: SetIndex<KeyedRRset>, dname: KeyedRRset, name: Name): AliasGroup | 'too-long' | 'malformed' {
  const target = firstTargetOf(dname);
  if (target === null || rdataCount(dname.rrset) > 1) return 'malformed';
  const to = replaceSuffix(name, dname.owner, target);
  if (to === null) return 'too-long';
  const sent = sets.find(name, TYPE.CNAME, dname.class);
  const sentTarget = sent !== undefined && rdataCount(sent.rrset) === 1 ? firstTargetOf(sent) : null;
  // The server's own CNAME is kept when it says the same: its letters have the case of the zone.
  const isSame = sentTarget !== null && namesEqual(sentTarget, to);
  const finalTo = isSame ? sentTarget : to;
  // RFC 6672 §3.1: the synthesised CNAME has the TTL of the DNAME and no signature.
  const key = { owner: name, type: TYPE.CNAME, class: dname.class };
  const rrset = packRRset({ ...key, rdatas: [finalTo], signatures: [] });
  return { via: 'dname', from: name, to: finalTo, alias: dname, synthesised: { ...key, ttl: dname.ttl, rrset } };
}

function withFirstRecord({ owner, type, class: rrClass, ttl, rrset }: KeyedRRset): KeyedRRset {
  return { owner, type, class: rrClass, ttl, rrset: withRdatas(rrset, firstRdatasOf(rrset, 1)) };
}

/** The target that the first record of the set names; null when that is no name. */
function firstTargetOf({ rrset }: KeyedRRset): Name | null {
  const rdata = firstRdatasOf(rrset, 1)[0];
  return rdata === undefined ? null : readTargetName(rdata);
}

/** True for a DNAME whose target is at or below its owner: no number of steps leads out of it. */
function leadsBelowItself({ via, alias }: AliasGroup): boolean {
  const target = via === 'dname' ? firstTargetOf(alias) : null;
  return target !== null && isAtOrBelow(target, alias.owner);
}
