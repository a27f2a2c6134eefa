/** The stories behind the signed scenarios: which world, which questions, which answers are right and why. */

import { TYPE } from '../../src/wire/rr-type.ts';
import type { Fault } from '../world/breakage.ts';
import type { SigningAlgorithm } from '../world/keys.ts';
import type { World } from '../world/world.ts';
import { NSEC3, NSEC3_OPT_OUT, type Signing } from '../world/zone.ts';

/** 2026-01-01T00:00:00Z. */
export const STORY_START_SECONDS = 1_767_225_600;
/** The same as val-override-date. */
export const STORY_START_DATE = '20260101000000';

/** A question and what is right. */
export interface StoryStep {
  readonly name: string;
  readonly type: string;
  /** With the CD flag. */
  readonly isUnchecked?: boolean;
  readonly rcode: string;
  readonly isAuthentic: boolean;
  /** Types of the answer section, in order. */
  readonly answer?: string;
  /** Extended error; absent: none. */
  readonly ede?: number;
}

/** One scenario to be made. */
export interface Story {
  readonly name: string;
  readonly title: string;
  /** Further lines of the `server:` clause. */
  readonly config?: readonly string[];
  readonly build: (world: World) => void;
  readonly steps: readonly StoryStep[];
}

const MAIL = `
@ IN MX 10 mx
mx IN A 192.0.2.25
_25._tcp.mx IN TLSA 3 1 1 ${'0123456789abcdef'.repeat(4)}
*.lists IN TXT "any list"
a.deep IN A 192.0.2.26
alias IN CNAME mx
`;

const ok = { rcode: 'NOERROR', isAuthentic: true } as const;
const insecure = { rcode: 'NOERROR', isAuthentic: false } as const;
const bogus = { rcode: 'SERVFAIL', isAuthentic: false } as const;
const absent = { rcode: 'NXDOMAIN', isAuthentic: true } as const;

/** Root, `example.` and `mail.example.`, signed like this. */
function threeZones(world: World, signing: Signing, ...faults: readonly Fault[]): void {
  world.zone('.', { servers: { 'k.root.': ['198.41.0.4'] }, signing: {} });
  world.zone('example.', { servers: { 'ns.example.': ['192.0.2.1'] }, signing: {} });
  world.zone('mail.example.', { servers: { 'ns.mail.example.': ['192.0.2.2'] }, signing, text: MAIL });
  world.break('mail.example.', ...faults);
}

const denials: readonly StoryStep[] = [
  { name: 'mail.example.', type: 'MX', ...ok, answer: 'MX RRSIG' },
  { name: '_25._tcp.mx.mail.example.', type: 'TLSA', ...ok, answer: 'TLSA RRSIG' },
  { name: 'mx.mail.example.', type: 'AAAA', ...ok },
  { name: 'absent.mail.example.', type: 'A', ...absent },
  { name: 'deep.mail.example.', type: 'A', ...ok },
  { name: 'one.lists.mail.example.', type: 'TXT', ...ok, answer: 'TXT RRSIG' },
  { name: 'two.lists.mail.example.', type: 'A', ...ok },
  { name: 'alias.mail.example.', type: 'A', ...ok, answer: 'CNAME RRSIG A RRSIG' },
];

const algorithmStories = ([8, 10, 13, 14, 16] as const).map((algorithm: SigningAlgorithm): Story => {
  return {
    name: `val-algorithm-${algorithm}`,
    title: `A zone signed with algorithm ${algorithm} is secure`,
    build: (world) => threeZones(world, { algorithms: [algorithm] }),
    steps: [{ name: 'mail.example.', type: 'MX', ...ok, answer: 'MX RRSIG' }],
  };
});

/** One story for each fault that makes an answer bogus. */
function bogusStory(name: string, title: string, fault: Fault, ede: number): Story {
  return {
    name,
    title,
    build: (world) => threeZones(world, {}, fault),
    steps: [{ name: 'mx.mail.example.', type: 'A', ...bogus, ede }],
  };
}

/** All stories. */
export const STORIES: readonly Story[] = [
  {
    name: 'val-nsec',
    title: 'Answers, wildcards, aliases and denials of a zone with NSEC are secure',
    build: (world) => threeZones(world, {}),
    steps: denials,
  },
  {
    name: 'val-nsec3',
    title: 'Answers, wildcards, aliases and denials of a zone with NSEC3 are secure',
    build: (world) => threeZones(world, { denial: NSEC3 }),
    steps: denials,
  },
  {
    name: 'val-insecure-delegation',
    title: 'Zones without DS are insecure when their parent proves it, by NSEC, by NSEC3 and by opt-out',
    build: (world) => {
      world.zone('.', { servers: { 'k.root.': ['198.41.0.4'] }, signing: {} });
      world.zone('n.', { servers: { 'ns.n.': ['192.0.2.1'] }, signing: {} });
      world.zone('n3.', { servers: { 'ns.n3.': ['192.0.2.2'] }, signing: { denial: NSEC3 } });
      world.zone('out.', { servers: { 'ns.out.': ['192.0.2.3'] }, signing: { denial: NSEC3_OPT_OUT } });
      for (const [i, tld] of ['n', 'n3', 'out'].entries()) {
        world.zone(`plain.${tld}.`, {
          servers: { [`ns.plain.${tld}.`]: [`192.0.2.1${i}`] },
          text: '@ IN A 192.0.2.99',
        });
      }
    },
    steps: [
      { name: 'plain.n.', type: 'A', ...insecure, answer: 'A' },
      { name: 'plain.n3.', type: 'A', ...insecure, answer: 'A' },
      { name: 'plain.out.', type: 'A', ...insecure, answer: 'A' },
      { name: 'plain.n.', type: 'DS', ...ok },
      { name: 'plain.n3.', type: 'DS', ...ok },
      { name: 'plain.out.', type: 'DS', ...insecure },
    ],
  },
  ...algorithmStories,
  bogusStory('val-expired', 'Signatures out of date are bogus, with extended error 7', 'signatures-expired', 7),
  bogusStory('val-not-yet', 'Signatures of the future are bogus, with extended error 8', 'signatures-not-yet-valid', 8),
  bogusStory('val-wrong-ds', 'A DS that fits no key makes the zone bogus, with extended error 9', 'ds-wrong', 9),
  bogusStory('val-no-dnskey', 'A zone with DS and without DNSKEY is bogus, with extended error 9', 'dnskey-missing', 9),
  {
    name: 'val-forged',
    title: 'A changed TLSA record is bogus; with CD it passes',
    build: (world) => {
      threeZones(world, {});
      world.get('mail.example.').break({ fault: 'rdata-forged', types: [TYPE.TLSA] });
    },
    steps: [
      { name: '_25._tcp.mx.mail.example.', type: 'TLSA', ...bogus, ede: 6 },
      { name: '_25._tcp.mx.mail.example.', type: 'TLSA', isUnchecked: true, ...insecure, answer: 'TLSA RRSIG', ede: 6 },
      { name: 'mail.example.', type: 'MX', ...ok, answer: 'MX RRSIG' },
    ],
  },
  {
    name: 'val-stripped',
    title: 'An answer without its signatures is bogus, with extended error 10',
    build: (world) => {
      threeZones(world, {});
      world.get('mail.example.').break({ fault: 'signatures-stripped', types: [TYPE.A] });
    },
    steps: [{ name: 'mx.mail.example.', type: 'A', ...bogus, ede: 10 }],
  },
  {
    name: 'val-denial-missing',
    title: 'A denial without proof is bogus, with extended error 12',
    build: (world) => threeZones(world, {}, 'denial-missing'),
    steps: [
      { name: 'absent.mail.example.', type: 'A', ...bogus, ede: 12 },
      { name: 'mx.mail.example.', type: 'AAAA', ...bogus, ede: 12 },
    ],
  },
  {
    name: 'val-aggressive-nsec',
    title: 'A proven NSEC denies other names of its span, and other types of its owner, without asking (RFC 8198)',
    build: (world) => threeZones(world, {}),
    steps: [
      { name: 'b.mail.example.', type: 'MX', ...absent },
      { name: 'c.mail.example.', type: 'TLSA', ...absent },
      { name: '_25._tcp.c.mail.example.', type: 'TLSA', ...absent },
      { name: 'mx.mail.example.', type: 'TXT', ...ok },
      { name: 'mx.mail.example.', type: 'AAAA', ...ok },
    ],
  },
  {
    name: 'val-below-nxdomain',
    title: 'Nothing is below a name that provably does not exist (RFC 8020), in a zone with NSEC3 too',
    build: (world) => threeZones(world, { denial: NSEC3 }),
    steps: [
      { name: 'gone.mail.example.', type: 'MX', ...absent },
      { name: '_25._tcp.gone.mail.example.', type: 'MX', ...absent },
    ],
  },
  {
    name: 'val-unknown-algorithm',
    title: 'A zone whose DS names only unknown algorithms is insecure, not bogus',
    build: (world) => threeZones(world, {}, 'ds-unknown-algorithm'),
    steps: [{ name: 'mx.mail.example.', type: 'A', ...insecure, answer: 'A RRSIG', ede: 1 }],
  },
  {
    name: 'val-dname',
    title: 'A DNAME between signed zones is secure, its CNAME needs no signature',
    build: (world) => {
      threeZones(world, {});
      world.zone('old.example.', {
        servers: { 'ns.old.example.': ['192.0.2.3'] },
        signing: {},
        text: 'away IN DNAME mail.example.',
      });
    },
    steps: [{ name: 'mx.away.old.example.', type: 'A', ...ok, answer: 'DNAME RRSIG CNAME A RRSIG' }],
  },
];
