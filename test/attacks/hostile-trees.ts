/**
 * Little trees for one question that is meant to cost a resolver (and those whom it asks) as many packets as possible, and
 * honest ones that look alike: what each server says to a question. Tests play them against a whole resolver on fakes,
 * `bench/packets-per-question.ts` against real programs.
 */

import { isAtOrBelow, labelCount, lastLabels, type Name, namesEqual } from '../../src/wire/name.ts';
import { formatName, mustParseName } from '../../src/wire/name-text.ts';
import type { Question } from '../../src/wire/question.ts';
import { FLAG, RCODE } from '../../src/wire/rcode.ts';
import { TYPE } from '../../src/wire/rr-type.ts';
import type { ResponseText } from '../iterate/support.ts';

export const ROOT_IP = '198.41.0.4';
/** The attacker's own server, of `attack.`. */
const ATTACKER_IP = '203.0.113.1';
const HEADER: ResponseText = { flags: FLAG.AA };

/** A tree. */
export interface Tree {
  readonly name: string;
  /** Addresses of all servers, the silent ones too. */
  readonly ips: readonly string[];
  /** What is asked, for an address. */
  readonly asked: string;
  /** What the server at an address says; null: silence. */
  readonly say: (ip: string, question: Question) => ResponseText | null;
}

/** How a server fails its zone. */
export type Badness = 'silent' | 'refused' | 'servfail' | 'upward' | 'not-authoritative' | 'empty' | 'recursive';

const REFERRAL_UP: ResponseText = { authority: ['. 300 NS a.root.'] };
const SAID: Readonly<Record<Badness, ResponseText | null>> = {
  silent: null,
  refused: { rcode: RCODE.REFUSED },
  servfail: { rcode: RCODE.SERVFAIL },
  upward: REFERRAL_UP,
  'not-authoritative': { authority: ['t.attack. 300 NS n1.t.attack.'] },
  empty: HEADER,
  recursive: { flags: FLAG.RA, answer: ['www.t.attack. 300 A 192.0.2.66'] },
};

/** The root, which delegates `attack.` to the attacker and `honest.` to another server. */
function root(question: Question): ResponseText {
  if (namesEqual(question.name, mustParseName('.')))
    return question.type === TYPE.NS
      ? { ...HEADER, answer: ['. 300 NS a.root.'], additional: [`a.root. 300 A ${ROOT_IP}`] }
      : { ...HEADER, authority: ['. 300 SOA a.root. h.root. 1 2 3 4 300'] };
  if (isAtOrBelow(question.name, mustParseName('attack.')))
    return { authority: ['attack. 300 NS ns.attack.'], additional: [`ns.attack. 300 A ${ATTACKER_IP}`] };
  return { ...HEADER, rcode: RCODE.NXDOMAIN, authority: ['. 300 SOA a.root. h.root. 1 2 3 4 300'] };
}

/** A tree whose attacker says what is given. */
export function treeOf(name: string, asked: string, others: readonly string[], say: Tree['say']): Tree {
  const all = (ip: string, question: Question): ResponseText | null =>
    ip === ROOT_IP ? root(question) : say(ip, question);
  return { name, asked, ips: [ROOT_IP, ATTACKER_IP, ...others], say: all };
}

/** `count` addresses. */
function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `192.0.2.${i + 1}`);
}

/** Zone `t.attack.` with a server for each badness, all with glue, and one good one at the end when told. */
export function badServers(name: string, badnesses: readonly Badness[], livingCount = 0): Tree {
  const ips = addresses(badnesses.length + livingCount);
  const referral = {
    authority: ips.map((_, i) => `t.attack. 300 NS n${i + 1}.t.attack.`),
    additional: ips.map((ip, i) => `n${i + 1}.t.attack. 300 A ${ip}`),
  };
  return treeOf(name, 'www.t.attack.', ips, (ip, question) => {
    if (ip === ATTACKER_IP) return referral;
    const badness = badnesses[ips.indexOf(ip)];
    return badness === undefined ? living(question) : SAID[badness];
  });
}

function living({ name, type }: Question): ResponseText {
  const text = formatName(name).toLowerCase();
  const soa = 't.attack. 300 SOA n1.t.attack. h.t.attack. 1 2 3 4 300';
  return text === 'www.t.attack.' && type === TYPE.A
    ? { ...HEADER, answer: ['www.t.attack. 300 A 192.0.2.80'] }
    : { ...HEADER, authority: [soa] };
}

/** Every zone has its servers (so many) in the next zone, without glue and without end. */
export function gluelessChain(name: string, serversEach: number, levels = Number.POSITIVE_INFINITY): Tree {
  return treeOf(name, 'www.z0.attack.', ['192.0.2.1'], (ip, { name: asked }) => {
    if (ip !== ATTACKER_IP) return null;
    const zone = lastLabels(asked, 2);
    const level = Number(/z(\d+)/.exec(formatName(zone).toLowerCase())?.[1] ?? -1);
    if (level < 0) return { ...HEADER, authority: ['attack. 300 SOA ns.attack. h.attack. 1 2 3 4 300'] };
    const text = `z${level}.attack.`;
    if (level >= levels)
      return { authority: [`${text} 300 NS ns.${text}`], additional: [`ns.${text} 300 A 192.0.2.1`] };
    return {
      authority: Array.from({ length: serversEach }, (_, i) => `${text} 300 NS ns${i}.z${level + 1}.attack.`),
    };
  });
}

/** A zone at each label, each with glue; so many of its servers are bad besides. */
export function deeperReferrals(name: string, count = 0, badness: Badness = 'silent'): Tree {
  const asked = `${'a.'.repeat(100)}attack.`;
  const dead = addresses(count);
  return treeOf(name, asked, dead, (ip, question) => {
    if (ip !== ATTACKER_IP) return SAID[badness];
    return nextLabel(question.name, mustParseName(asked), dead);
  });
}

/** How deep the attacker has referred; each question is answered with one label more. */
const deepest = new WeakMap<readonly string[], number>();

function nextLabel(asked: Name, whole: Name, dead: readonly string[]): ResponseText {
  const depth = Math.min(labelCount(whole) - 1, Math.max(deepest.get(dead) ?? 1, 1) + 1);
  deepest.set(dead, depth);
  const zone = formatName(lastLabels(labelCount(asked) >= depth ? asked : whole, Math.min(depth, labelCount(asked))));
  const servers = [ATTACKER_IP, ...dead];
  return {
    authority: servers.map((_, i) => `${zone} 300 NS n${i}.${zone}`),
    additional: servers.map((ip, i) => `n${i}.${zone} 300 A ${ip}`),
  };
}

const many = (badness: Badness, count: number): Badness[] => Array.from({ length: count }, () => badness);

/** The five hostile questions that are measured, and relatives of theirs. Made anew for each run: some keep count. */
export function hostileTrees(): Tree[] {
  return [
    badServers('twenty silent servers', many('silent', 20)),
    badServers('twenty lame servers (REFUSED)', many('refused', 20)),
    badServers('twenty lame servers (upward referral)', many('upward', 20)),
    badServers('ten silent, ten lame servers', [...many('silent', 10), ...many('servfail', 10)]),
    gluelessChain('endless chain of glueless referrals', 1),
    gluelessChain('six levels of two glueless servers', 2, 6),
    gluelessChain('endless levels of thirteen glueless servers', 13),
    deeperReferrals('referrals one label deeper each'),
    deeperReferrals('referrals one label deeper each, two silent servers beside', 2),
    deeperReferrals('referrals one label deeper each, five lame servers beside', 5, 'servfail'),
  ];
}
