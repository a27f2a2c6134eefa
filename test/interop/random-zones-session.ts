/**
 * Session: zones by chance below a signed root, signed by two real signers or not at all, with aliases from each to others, zones at the
 * owners of TLSA and below unsigned ones, served by NSD and Knot; Hawser and Debian's resolvers are asked the same by chance, twice, in
 * another order. Prints one line of JSON: what each said to the questions on which they do not agree.
 */

import { SeededRandom } from '../fake/fake-random.ts';
import { MAIL_OWNERS, oneOf, randomQuestion, randomZone } from '../world/random-zones.ts';
import { dig, Session } from './daemons.ts';
import { type ServedZone, startAuthority } from './real-authorities.ts';
import { type SigningPlan, signZone } from './real-signers.ts';
import { type RunningResolver, startHawserThere, startPeers } from './resolvers.ts';

const AT = { root: '198.51.100.1', nsd: '198.51.100.2', knot: '198.51.100.3' } as const;
const TLSA = '3 1 1 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9';
const [, , seedText = '1', countText = '300'] = process.argv;
const random = new SeededRandom(Number(seedText));
const QUESTIONS = Number(countText);
const ALGORITHMS = [8, 13, 14, 15] as const;

type Made = { readonly zone: string; readonly address: string; readonly ds: readonly string[] };

/** Zones of the mail domains. */
const DOMAINS = ['a.one.', 'b.one.', 'c.one.', 'd.two.', 'e.two.', 'f.two.'] as const;

function delegation({ zone, address, ds }: Made): string {
  return [`${zone} NS ns1.${zone}`, `ns1.${zone} A ${address}`, ...ds.map((rdata) => `${zone} DS ${rdata}`), ''].join(
    '\n',
  );
}

class WorldByChance {
  readonly served: Record<keyof typeof AT, ServedZone[]> = { root: [], nsd: [], knot: [] };
  readonly names: string[] = [];
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Makes a zone with what hangs from it, signed or not. */
  make(zone: string, text: string, signed: boolean, below: readonly Made[], place?: keyof typeof AT): Made {
    // NSD 4.6.1 denies the wildcard beside a name such as \000.zone by the wrong NSEC: only who knows the right one can answer then.
    const at = place ?? (text.includes('\\000') ? 'knot' : oneOf(random, ['nsd', 'knot'] as const));
    const address = AT[at];
    const origin = zone === '.' ? '' : zone;
    const head = `$ORIGIN ${zone}\n$TTL 300\n@ SOA ns1.${origin} h.${origin} 1 7200 3600 1209600 300\n@ NS ns1.${origin}\nns1.${origin} A ${address}\n`;
    const whole = `${head}${text}\n${below.map(delegation).join('')}`;
    this.names.push(zone);
    if (!signed) {
      this.served[at].push({ zone, text: whole });
      return { zone, address, ds: [] };
    }
    const plan: SigningPlan = {
      zone,
      text: whole,
      signer: oneOf(random, ['bind', 'knot'] as const),
      algorithms: [oneOf(random, ALGORITHMS)],
      denial: oneOf(random, ['nsec', 'nsec', 'nsec3', 'nsec3', 'opt-out'] as const),
    };
    const made = signZone(this.#session.folder, plan);
    this.served[at].push({ zone, text: made.text });
    const mayLackDs = zone.split('.').length > 2;
    return { zone, address, ds: mayLackDs && random.below(10) === 0 ? [] : made.ds[2] };
  }

  makeDomain(zone: string): Made {
    const isSigned = (): boolean => random.below(4) > 0;
    const { text, cuts } = randomZone(random, 12);
    const v = this.make(`v.u.${zone}`, 'mx A 192.0.2.29', isSigned(), []);
    const below = [this.make(`u.${zone}`, 'mx A 192.0.2.28', isSigned(), [v])];
    const hasOwnTlsa = random.below(2) === 0;
    if (hasOwnTlsa) below.push(this.make(`_25._tcp.mx.${zone}`, `@ TLSA ${TLSA}`, isSigned(), []));
    for (const cut of new Set(cuts.map((each) => each.toLowerCase())))
      if (/^[\w.-]+$/.test(cut)) below.push(this.make(`${cut}.${zone}`, 'a A 192.0.2.27', isSigned(), []));
    const lines = [
      '@ MX 10 mx',
      'mx A 192.0.2.25',
      ...(hasOwnTlsa ? [] : [`_25._tcp.mx TLSA ${TLSA}`]),
      '*.w TXT "w"',
      `*.c.w CNAME mx.${oneOf(random, DOMAINS)}`,
      'a.b.c.d.w A 192.0.2.26',
      `to CNAME MX.${oneOf(random, [...DOMAINS, `u.${oneOf(random, DOMAINS)}`])}`,
      `_25._tcp.to CNAME _25._tcp.mx.${oneOf(random, DOMAINS)}`,
      `dn DNAME ${oneOf(random, [...DOMAINS, `w.${oneOf(random, DOMAINS)}`])}`,
    ];
    return this.make(zone, `${text}${lines.join('\n')}`, isSigned(), below);
  }
}

function question({ names }: WorldByChance): string {
  if (random.below(3) === 0) {
    const [name, type] = randomQuestion(
      random,
      oneOf(
        random,
        names.filter((each) => each !== '.'),
      ),
    );
    // dig asks for ANY over TCP, and servers give what they like.
    if (type !== 'ANY' && type !== 'NSEC3' && type !== 'NSEC') return `${name.toLowerCase()} ${type}`;
  }
  const name = random.below(6) === 0 ? oneOf(random, names) : `${oneOf(random, MAIL_OWNERS)}.${oneOf(random, DOMAINS)}`;
  return `${name} ${oneOf(random, ['A', 'TLSA', 'TLSA', 'MX', 'TXT', 'DS', 'NS', 'SOA', 'DNSKEY', 'CNAME'])}`;
}

/** What a reply says: rcode, AD, data without TTL and signatures. */
function meaningOf(part: string): string {
  const status = /status: (\w+)/.exec(part)?.[1] ?? 'silence';
  const ad = /^;; flags: [^;]* ad[ ;]/m.test(part) ? ' ad' : '';
  const section = /^;; ANSWER SECTION:\n([\s\S]*?)\n\n/m.exec(part)?.[1] ?? '';
  const lines = section
    .split('\n')
    .filter((line) => line !== '' && !/\sRRSIG\s/.test(line))
    .map((line) =>
      line
        .toLowerCase()
        .split(/\s+/)
        .filter((_, i) => i !== 1)
        .join(' '),
    );
  return `${status}${ad} ${[...new Set(lines)].sort().join(', ')}`.trim();
}

/** Asks all, in order. */
function askAll(session: Session, { port }: RunningResolver, questions: readonly string[]): Map<string, string> {
  const batch = session.file('questions', `${questions.join('\n')}\n`);
  const text = dig('127.0.0.1', port, ['-f', batch, '+dnssec', '+time=8', '+tries=1']);
  const said = new Map<string, string>();
  for (const part of text.split(/^;; ->>HEADER<<- /m).slice(1)) {
    const asked = /^;; QUESTION SECTION:\n;(\S+)\s+\S+\s+(\S+)/m.exec(part);
    said.set(`${asked?.[1]?.toLowerCase()} ${asked?.[2]}`, meaningOf(part));
  }
  return said;
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const world = new WorldByChance(session);
    const domains = DOMAINS.map((zone) => world.makeDomain(zone));
    const tops = ['one.', 'two.'].map((top) =>
      world.make(
        top,
        '',
        true,
        domains.filter(({ zone }) => zone.endsWith(`.${top}`)),
      ),
    );
    const root = world.make('.', '', true, tops, 'root');
    await startAuthority(session, { program: 'nsd', address: AT.root, zones: world.served.root });
    await startAuthority(session, { program: 'nsd', address: AT.nsd, zones: world.served.nsd });
    await startAuthority(session, { program: 'knot', address: AT.knot, zones: world.served.knot });
    const surroundings = { rootServers: [AT.root], anchors: root.ds };
    const resolvers = [await startHawserThere(session, surroundings), ...(await startPeers(session, surroundings))];
    const asked = [...new Set(Array.from({ length: QUESTIONS }, () => question(world)))];
    const rounds = [asked, [...asked].reverse()].map((questions) =>
      resolvers.map((resolver) => askAll(session, resolver, questions)),
    );
    const differences = rounds.flatMap((answers, round) =>
      asked.flatMap((words) => {
        const said = answers.map((each) => each.get(words) ?? 'silence');
        if (new Set(said).size === 1) return [];
        return [
          { round, question: words, said: Object.fromEntries(said.map((each, i) => [resolvers[i]?.name ?? '', each])) },
        ];
      }),
    );
    const secure = [...(rounds[0]?.[0]?.values() ?? [])].filter((said) => / ad\b/.test(said)).length;
    console.log(JSON.stringify({ asked: asked.length, secure, zones: world.names.length, differences }));
  } finally {
    await session.stop();
  }
}

await main();
