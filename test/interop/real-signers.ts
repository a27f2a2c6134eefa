/**
 * Zones signed by real signers: BIND's (dnssec-keygen, dnssec-signzone), Knot's (keymgr, kzonesign) and ldns's. What a test
 * wants broken is changed in the signed text afterwards, as a careless operator or a liar would. Used by interop sessions.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that signing needs. */
export const SIGNER_PROGRAMS = ['dnssec-keygen', 'dnssec-signzone', 'dnssec-dsfromkey', 'keymgr', 'kzonesign'] as const;
/** What `ldns` as a signer needs. */
export const LDNS_PROGRAMS = ['ldns-keygen', 'ldns-signzone'] as const;

/** How a zone is to be signed. */
export interface SigningPlan {
  readonly zone: string;
  readonly text: string;
  readonly signer: 'bind' | 'knot' | 'ldns';
  /** One KSK and one ZSK for each. */
  readonly algorithms: readonly number[];
  readonly denial: 'nsec' | 'nsec3' | 'opt-out';
  readonly iterations?: number;
  /** KSKs per algorithm: two in the middle of a rollover. */
  readonly kskCount?: number;
  /** ZSKs per algorithm: two in the middle of a rollover (both sign). */
  readonly zskCount?: number;
  /** Adds a KSK that is revoked (RFC 5011) beside the good one; BIND's signer only. */
  readonly hasRevokedKey?: boolean;
  /** Signs as if now were this many seconds later (or earlier, when negative). */
  readonly shiftSeconds?: number;
  /** The keys are signed by the ZSK too; BIND's signer only. */
  readonly zskSignsKeys?: boolean;
  /** Signs with the KSK alone, and publishes no other key; ldns only. */
  readonly kskOnly?: boolean;
}

/** A zone as signed. */
export interface SignedZone {
  readonly zone: string;
  readonly text: string;
  /** DS rdata as text for each key with the SEP bit, one list for each digest type 1, 2 and 4. */
  readonly ds: Readonly<Record<1 | 2 | 4, readonly string[]>>;
}

const KNOT_ALGORITHM: Readonly<Record<number, string>> = {
  7: 'rsasha1-nsec3-sha1',
  8: 'rsasha256',
  10: 'rsasha512',
  13: 'ecdsap256sha256',
  14: 'ecdsap384sha384',
  15: 'ed25519',
  16: 'ed448',
};
/** In use for long, so that a zone can be signed as of any time. */
const KNOT_KEY_TIMES = ['created', 'publish', 'ready', 'active'].map((event) => `${event}=20200101000000`);
const LDNS_ALGORITHM: Readonly<Record<number, string>> = { 8: 'RSASHA256', 13: 'ECDSAP256SHA256', 15: 'ED25519' };
const LIFETIME_SECONDS = 14 * 86_400;

function run(folder: string, program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A time as BIND's signer takes it: YYYYMMDDHHmmSS in UTC. */
function signerTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replaceAll(/[-:T]|\..*/g, '');
}

function folderOf(parentFolder: string, { zone }: SigningPlan): string {
  return join(parentFolder, `sign-${zone === '.' ? 'root' : zone.replaceAll('.', '-')}`);
}

/** Signs a zone in a folder of its own below the given one, with keys made for it. */
export function signZone(parentFolder: string, plan: SigningPlan): SignedZone {
  const folder = folderOf(parentFolder, plan);
  mkdirSync(join(folder, 'db'), { recursive: true });
  const signer = SIGNERS[plan.signer];
  signer.makeKeys(folder, plan);
  const text = signer.sign(folder, plan);
  return { zone: plan.zone, text, ds: dsOf(folder, plan.zone, text) };
}

/** Signs it once more with the keys it has: at another time, or with other records. The text alone. */
export function signAgain(parentFolder: string, plan: SigningPlan): string {
  return SIGNERS[plan.signer].sign(folderOf(parentFolder, plan), plan);
}

interface Signer {
  readonly makeKeys: (folder: string, plan: SigningPlan) => void;
  readonly sign: (folder: string, plan: SigningPlan) => string;
}

const SIGNERS: Readonly<Record<SigningPlan['signer'], Signer>> = {
  bind: { makeKeys: makeBindKeys, sign: signWithBind },
  knot: { makeKeys: makeKnotKeys, sign: signWithKnot },
  ldns: { makeKeys: makeLdnsKeys, sign: signWithLdns },
};

function makeBindKeys(folder: string, plan: SigningPlan): void {
  for (const algorithm of plan.algorithms) {
    const size = algorithm <= 10 ? ['-b', '2048'] : [];
    const key = ['-q', '-a', String(algorithm), ...size];
    for (let i = 0; i < (plan.kskCount ?? 1); i++) run(folder, 'dnssec-keygen', [...key, '-f', 'KSK', plan.zone]);
    for (let i = 0; i < (plan.zskCount ?? 1); i++) run(folder, 'dnssec-keygen', [...key, plan.zone]);
    if (plan.hasRevokedKey === true) {
      const made = run(folder, 'dnssec-keygen', [...key, '-f', 'KSK', plan.zone]).trim();
      run(folder, 'dnssec-revoke', ['-r', made]);
    }
  }
}

function signWithBind(folder: string, plan: SigningPlan): string {
  writeFileSync(join(folder, 'zone'), plan.text);
  const now = Math.floor(Date.now() / 1000) + (plan.shiftSeconds ?? 0);
  const times = ['-s', signerTime(now - 3600), '-e', signerTime(now + LIFETIME_SECONDS)];
  const nsec3 = ['-3', '-', '-H', String(plan.iterations ?? 0), ...(plan.denial === 'opt-out' ? ['-A'] : [])];
  const denial = plan.denial === 'nsec' ? [] : nsec3;
  const common = [
    '-P',
    '-S',
    ...(plan.zskSignsKeys === true ? [] : ['-x']),
    '-O',
    'full',
    '-N',
    'keep',
    '-o',
    plan.zone,
    '-f',
    'signed',
  ];
  run(folder, 'dnssec-signzone', [...common, ...times, ...denial, 'zone']);
  return readFileSync(join(folder, 'signed'), 'utf8');
}

function makeKnotKeys(folder: string, plan: SigningPlan): void {
  writeFileSync(join(folder, 'knot.conf'), knotSignerConfiguration(folder, plan));
  const keymgr = ['-c', 'knot.conf', plan.zone, 'generate'];
  for (const algorithm of plan.algorithms) {
    const key = [...keymgr, ...KNOT_KEY_TIMES, `algorithm=${algorithm}`, ...(algorithm <= 10 ? ['size=2048'] : [])];
    for (let i = 0; i < (plan.kskCount ?? 1); i++) run(folder, 'keymgr', [...key, 'ksk=yes', 'zsk=no']);
    for (let i = 0; i < (plan.zskCount ?? 1); i++) run(folder, 'keymgr', [...key, 'ksk=no', 'zsk=yes']);
  }
}

function signWithKnot(folder: string, plan: SigningPlan): string {
  writeFileSync(join(folder, 'zone'), plan.text);
  const shift = plan.shiftSeconds ?? 0;
  const time = shift === 0 ? [] : ['-t', String(Math.floor(Date.now() / 1000) + shift)];
  run(folder, 'kzonesign', ['-c', 'knot.conf', ...time, plan.zone]);
  return readFileSync(join(folder, 'zone'), 'utf8');
}

function makeLdnsKeys(folder: string, plan: SigningPlan): void {
  const made = plan.algorithms.flatMap((algorithm) => {
    const key = ['-a', LDNS_ALGORITHM[algorithm] as string, ...(algorithm <= 10 ? ['-b', '2048'] : [])];
    return [
      [...key, '-k', plan.zone],
      [...key, plan.zone],
    ].map((words) => run(folder, 'ldns-keygen', words).trim());
  });
  writeFileSync(join(folder, 'keys'), made.join('\n'));
}

function signWithLdns(folder: string, plan: SigningPlan): string {
  writeFileSync(join(folder, 'zone'), plan.text);
  const now = Math.floor(Date.now() / 1000) + (plan.shiftSeconds ?? 0);
  const times = ['-i', signerTime(now - 3600), '-e', signerTime(now + LIFETIME_SECONDS)];
  const nsec3 = ['-n', '-t', String(plan.iterations ?? 0), ...(plan.denial === 'opt-out' ? ['-p'] : [])];
  const denial = plan.denial === 'nsec' ? [] : nsec3;
  const made = readFileSync(join(folder, 'keys'), 'utf8').split('\n');
  const keys = plan.kskOnly === true ? made.slice(0, 1) : made;
  run(folder, 'ldns-signzone', [...denial, ...times, '-f', 'signed', 'zone', ...keys]);
  return readFileSync(join(folder, 'signed'), 'utf8');
}

function knotSignerConfiguration(folder: string, plan: SigningPlan): string {
  return [
    'server:',
    `  rundir: ${folder}`,
    'database:',
    `  storage: ${join(folder, 'db')}`,
    'policy:',
    '  - id: p',
    `    algorithm: ${KNOT_ALGORITHM[plan.algorithms[0] as number]}`,
    `    nsec3: ${plan.denial === 'nsec' ? 'off' : 'on'}`,
    `    nsec3-opt-out: ${plan.denial === 'opt-out' ? 'on' : 'off'}`,
    `    nsec3-iterations: ${plan.iterations ?? 0}`,
    '    nsec3-salt-length: 0',
    '    manual: on',
    `    rrsig-lifetime: ${LIFETIME_SECONDS}`,
    '    rrsig-refresh: 1d',
    '    cds-cdnskey-publish: none',
    'zone:',
    `  - domain: ${plan.zone}`,
    `    storage: ${folder}`,
    '    file: zone',
    '    dnssec-signing: on',
    '    dnssec-policy: p',
    '',
  ].join('\n');
}

function dsOf(folder: string, zone: string, text: string): SignedZone['ds'] {
  const keys = text.split('\n').filter((line) => /\sDNSKEY\s+257\s/.test(line) && !/\sRRSIG\s/.test(line));
  const path = join(folder, 'keys-of-apex');
  writeFileSync(path, `${keys.join('\n')}\n`);
  const digests = ['SHA-1', 'SHA-256', 'SHA-384'].flatMap((name) => ['-a', name]);
  const lines = run(folder, 'dnssec-dsfromkey', [...digests, '-f', path, zone])
    .trim()
    .split('\n');
  const ofType = (type: number): string[] =>
    lines.map((line) => line.replace(/^.*\sDS\s+/, '')).filter((rdata) => rdata.split(' ')[2] === String(type));
  return { 1: ofType(1), 2: ofType(2), 4: ofType(4) };
}

/** Signed text without the records whose line matches. */
export function without(text: string, pattern: RegExp): string {
  return text
    .split('\n')
    .filter((line) => !pattern.test(line))
    .join('\n');
}
