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
import { indexSets, type RRsetGroup, type SetIndex } from '../wire/rrsets.ts';

/** One alias step of a response. */
export interface AliasGroup {
  readonly via: 'cname' | 'dname';
  readonly from: Name;
  readonly to: Name;
  /** The CNAME set, or the DNAME set that covers the name. */
  readonly alias: RRsetGroup;
  /** For a DNAME: the CNAME that follows from it (RFC 6672 §3.1). */
  readonly synthesised: RRsetGroup | null;
}

/** An answer section as a chain. */
export interface Chain {
  readonly steps: readonly AliasGroup[];
  /** The name at the end of the steps. */
  readonly end: Name;
  /** What the section holds for the question's type at that name; with trouble `too-long` the DNAME that is too long. */
  readonly data: readonly RRsetGroup[];
  /**
   * `loop`: a name comes twice. `too-long`: a DNAME makes a name of more than 255 octets (RFC 6672 §2.2).
   * `malformed`: a DNAME set of several records (RFC 6672 §2.4), or a target that is no name. `below-itself`: a DNAME
   * that leads to its own subtree can never end; its first step is all there is to say.
   */
  readonly trouble: 'loop' | 'too-long' | 'malformed' | 'below-itself' | null;
}

/** Whether the sender may speak of a set at the name that an alias leads to. */
export type SpeaksFor = (target: Name, group: RRsetGroup) => boolean;

/** Reads the answer section as a chain of at most `maxSteps` aliases from the name asked. */
export function readChain(
  groups: readonly RRsetGroup[],
  question: Question,
  maxSteps: number,
  speaksFor: SpeaksFor = () => true,
): Chain {
  if (groups.length === 0) return { steps: [], end: question.name, data: [], trouble: null };
  const sets = indexSets(groups);
  const steps: AliasGroup[] = [];
  const seen: Name[] = [question.name];
  let end = question.name;
  for (;;) {
    const data = withDname(sets, dataAt(groups, end, question), question);
    const step = steps.length < maxSteps && data.length === 0 ? stepFrom(sets, end, question) : null;
    const isFirst = steps.length === 0;
    const next = step === null ? data : typeof step === 'string' ? [] : [step.alias];
    const name = end;
    // RFC 2181 §5.4.1: AA speaks of the name asked. Where an alias leads may be another zone, which is asked itself.
    if (!isFirst && !next.every((group) => speaksFor(name, group))) return { steps, end, data: [], trouble: null };
    if (step === null) return { steps, end, data, trouble: null };
    if (typeof step === 'string') return { steps, end, data: troubling(sets, end, step, question), trouble: step };
    steps.push(step);
    if (leadsBelowItself(step)) return { steps, end: step.to, data: [], trouble: 'below-itself' };
    if (seen.some((name) => namesEqual(name, step.to))) return { steps, end: step.to, data: [], trouble: 'loop' };
    // What stands beyond a DNAME is asked for anew: its names lie in another part of the tree than the one asked about.
    if (step.via === 'dname') return { steps, end: step.to, data: [], trouble: null };
    seen.push(step.to);
    end = step.to;
  }
}

/** RFC 6672 §2.2: the DNAME that makes too long a name is the proof that it does, and goes to who asked. */
function troubling(
  sets: SetIndex<RRsetGroup>,
  name: Name,
  trouble: 'too-long' | 'malformed',
  question: Question,
): RRsetGroup[] {
  const dname = trouble === 'too-long' ? findDname(sets, name, question.class) : null;
  return dname === null ? [] : [dname];
}

function dataAt(groups: readonly RRsetGroup[], name: Name, question: Question): RRsetGroup[] {
  return groups.filter(
    (group) =>
      (group.type === question.type || question.type === TYPE.ANY) &&
      group.class === question.class &&
      namesEqual(group.owner, name),
  );
}

/**
 * A CNAME that was asked for and that a DNAME above made is an answer only together with that DNAME: the CNAME itself is
 * never signed (RFC 6672 §5.3.1).
 */
function withDname(sets: SetIndex<RRsetGroup>, data: RRsetGroup[], question: Question): RRsetGroup[] {
  const [cname] = data;
  if (question.type !== TYPE.CNAME || cname === undefined || cname.signatures.length > 0) return data;
  const dname = findDname(sets, cname.owner, question.class);
  return dname === null ? data : [dname, ...data];
}

/** The step that leads on from a name; null when none does, a string when it leads nowhere. */
function stepFrom(
  sets: SetIndex<RRsetGroup>,
  name: Name,
  question: Question,
): AliasGroup | 'too-long' | 'malformed' | null {
  const dname = findDname(sets, name, question.class);
  if (dname !== null) return stepByDname(sets, dname, name);
  const cname = sets.find(name, TYPE.CNAME, question.class);
  if (cname === undefined) return null;
  const to = readTargetName(cname.rdatas[0] ?? new Uint8Array());
  if (to === null) return 'malformed';
  // RFC 2181 §10.1: a name has one CNAME at most; of several the first is taken.
  const alias = cname.rdatas.length === 1 ? cname : { ...cname, rdatas: cname.rdatas.slice(0, 1) };
  return { via: 'cname', from: name, to, alias, synthesised: null };
}

/** The DNAME set of the closest name above; never of the name itself (RFC 6672 §2.3). */
function findDname(sets: SetIndex<RRsetGroup>, name: Name, rrClass: number): RRsetGroup | null {
  if (!sets.list.some(({ type }) => type === TYPE.DNAME)) return null;
  for (let above = name; !isRoot(above); ) {
    above = parentOf(above);
    const group = sets.find(above, TYPE.DNAME, rrClass);
    if (group !== undefined) return group;
  }
  return null;
}

function stepByDname(sets: SetIndex<RRsetGroup>, dname: RRsetGroup, name: Name): AliasGroup | 'too-long' | 'malformed' {
  const [rdata, ...more] = dname.rdatas;
  const target = rdata === undefined ? null : readTargetName(rdata);
  if (target === null || more.length > 0) return 'malformed';
  const to = replaceSuffix(name, dname.owner, target);
  if (to === null) return 'too-long';
  const sent = sets.find(name, TYPE.CNAME, dname.class);
  const sentTarget = sent?.rdatas.length === 1 ? readTargetName(sent.rdatas[0] ?? new Uint8Array()) : null;
  // The server's own CNAME is kept when it says the same: its letters have the case of the zone.
  const isSame = sentTarget !== null && namesEqual(sentTarget, to);
  const finalTo = isSame ? sentTarget : to;
  // RFC 6672 §3.1: the synthesised CNAME has the TTL of the DNAME and no signature.
  const synthesised = {
    owner: name,
    type: TYPE.CNAME,
    class: dname.class,
    ttl: dname.ttl,
    rdatas: [finalTo],
    signatures: [],
  };
  return { via: 'dname', from: name, to: finalTo, alias: dname, synthesised };
}

/** True for a DNAME whose target is at or below its owner: no number of steps leads out of it. */
function leadsBelowItself({ via, alias }: AliasGroup): boolean {
  const target = via === 'dname' ? readTargetName(alias.rdatas[0] ?? new Uint8Array()) : null;
  return target !== null && isAtOrBelow(target, alias.owner);
}
