/**
 * Session: the real signed root zone on the root servers' own addresses (NSD), Hawser with nothing configured but interface,
 * port and date, and about 1,550 questions by real dig. Prints one line of JSON. Runs inside a network namespace.
 */

import {
  digBatch,
  REAL_ROOT_DATE,
  realRootZone,
  rootServerAddresses,
  Session,
  serveWithNsd,
  startHawser,
} from './daemons.ts';

const PORT = 5300;

/** A question with the answer that it must get. */
interface Expectation {
  readonly question: string;
  readonly status: 'NOERROR' | 'NXDOMAIN';
  readonly hasAnswer: boolean;
}

function expectations(zone: string): Expectation[] {
  const owners = (type: string) =>
    new Set(
      [...zone.matchAll(new RegExp(`^([^.\\s]+\\.)\\s+\\d+\\s+IN\\s+${type}\\s`, 'gm'))].map((m) => m[1] as string),
    );
  const signed = owners('DS');
  const apex = ['NS', 'DNSKEY', 'SOA'].map(
    (type): Expectation => ({ question: `. ${type}`, status: 'NOERROR', hasAnswer: true }),
  );
  const delegations = [...owners('NS')].map(
    (tld): Expectation => ({ question: `${tld} DS`, status: 'NOERROR', hasAnswer: signed.has(tld) }),
  );
  const missing = Array.from(
    { length: 50 },
    (_, i): Expectation => ({
      question: `mail.no-such-tld-${i}. ${i % 2 === 0 ? 'MX' : 'A'}`,
      status: 'NXDOMAIN',
      hasAnswer: false,
    }),
  );
  return [...apex, ...delegations, ...missing];
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const zone = realRootZone();
    await serveWithNsd(session, '.', zone, rootServerAddresses(zone));
    const configuration = `server:\n  interface: 127.0.0.1\n  port: ${PORT}\n  val-override-date: "${REAL_ROOT_DATE}"\n`;
    await startHawser(session, configuration, PORT);
    const expected = expectations(zone);
    const startedAt = Date.now();
    const replies = new Map(
      digBatch(
        session,
        PORT,
        expected.map((each) => each.question),
        [],
      ).map((reply) => [`${reply.name} ${reply.type}`, reply]),
    );
    const wrong = expected.flatMap((each) => {
      const reply = replies.get(each.question);
      const isRight =
        reply !== undefined &&
        reply.status === each.status &&
        reply.answers > 0 === each.hasAnswer &&
        reply.flags.includes('ad');
      return isRight ? [] : [`${each.question}: ${JSON.stringify(reply ?? 'no reply')}`];
    });
    console.log(JSON.stringify({ asked: expected.length, wrong, seconds: (Date.now() - startedAt) / 1000 }));
    if (wrong.length > 0) console.error(session.log('hawser').slice(-4000));
  } finally {
    await session.stop();
  }
}

await main();
