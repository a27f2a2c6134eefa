/**
 * Session: dnsdist stands before Hawser and says by the PROXY protocol who its clients are, over UDP, TCP and inside of TLS;
 * Unbound in Hawser's place beside it. Prints one line of JSON. Runs inside a network namespace.
 */

import { connect } from 'node:net';
import { dig, parseDigReplies, Session, startHawser, waitForAnswer } from './daemons.ts';
import { makeKeyFiles, PLAIN_PORT, SERVICE_NAME, serviceConfig, statistics } from './encrypted.ts';
import { findProgram } from './programs.ts';

const UNBOUND_PORT = 5310;
/** Hawser's and Unbound's ports for a proxy, plain and in TLS; each with that of the dnsdist before it. */
const BACKENDS = {
  hawser: { plain: 5321, tls: 8854, fronts: { plain: 5331, tls: 5341 } },
  unbound: { plain: 5322, tls: 8855, fronts: { plain: 5332, tls: 5342 } },
} as const;
/** Clients, and what access control makes of them. */
const ALLOWED = '127.0.0.3';
const REFUSED = '127.0.0.4';

function configOf(
  plainPort: number,
  { plain, tls }: { readonly plain: number; readonly tls: number },
  session: Session,
) {
  const key = { key: `${session.folder}/own.key`, certificate: `${session.folder}/own.pem` };
  const more = [
    `interface: 127.0.0.1@${plain}`,
    `interface: 127.0.0.1@${tls}`,
    `tls-additional-port: ${tls}`,
    `proxy-protocol-port: ${plain}`,
    `proxy-protocol-port: ${tls}`,
    `access-control: ${REFUSED}/32 refuse`,
  ];
  return serviceConfig(key, more)
    .replace(`@${PLAIN_PORT}`, `@${plainPort}`)
    .replace(/.*@8853\n/, '');
}

function startDnsdist(session: Session, name: keyof typeof BACKENDS, authority: string): void {
  const { plain, tls, fronts } = BACKENDS[name];
  const check = 'checkName="www.example.", mustResolve=true, useProxyProtocol=true';
  const secure = `tls="openssl", subjectName="${SERVICE_NAME}", caStore="${authority}", validateCertificates=true`;
  for (const [way, backend] of Object.entries({
    plain: `address="127.0.0.1:${plain}", ${check}`,
    tls: `address="127.0.0.1:${tls}", ${check}, ${secure}`,
  })) {
    const lines = [
      `setLocal("127.0.0.1:${fronts[way as keyof typeof fronts]}")`,
      'setSecurityPollSuffix("")',
      `newServer({${backend}})`,
    ];
    const file = session.file(`${name}-${way}.dnsdist`, lines.join('\n'));
    session.start(`dnsdist-${name}-${way}`, 'dnsdist', ['--supervised', '--disable-syslog', '-C', file]);
  }
}

/** The status that a client at an address gets through dnsdist, again until there is one. */
async function statusFor(client: string, port: number, words: readonly string[] = []): Promise<string> {
  const giveUpAt = Date.now() + 10_000;
  for (;;) {
    const text = dig('127.0.0.1', port, ['-b', client, 'www.example.', 'A', '+time=2', '+tries=1', ...words]);
    const [reply] = parseDigReplies(text);
    const isThere = reply !== undefined && reply.status !== 'SERVFAIL';
    if (isThere || Date.now() > giveUpAt) return reply?.status ?? 'no reply';
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function throughFronts(name: keyof typeof BACKENDS): Promise<Record<string, string>> {
  const { plain, tls } = BACKENDS[name].fronts;
  const statuses: Record<string, string> = {};
  for (const [who, client] of Object.entries({ allowed: ALLOWED, refused: REFUSED })) {
    statuses[`${who} over UDP`] = await statusFor(client, plain);
    statuses[`${who} over TCP`] = await statusFor(client, plain, ['+tcp']);
    // Unbound 1.17.1 answers nothing when header and query come in one record, as dnsdist sends them.
    if (name === 'hawser') statuses[`${who} over TLS`] = await statusFor(client, tls);
  }
  return statuses;
}

/** What comes back for a query over TCP without a header. */
function withoutHeader(port: number): Promise<string> {
  const query = '0001010000010000000000000377777707' + '6578616d706c650000010001';
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (bytes) => resolve(bytes.toString('hex')));
    socket.on('close', () => resolve('closed'));
    socket.write(Buffer.concat([Buffer.from([0, query.length / 2]), Buffer.from(query, 'hex')]));
  });
}

async function main(): Promise<void> {
  const session = new Session();
  try {
    const { certificate } = makeKeyFiles(session, 'own');
    const remote = `remote-control:\n  control-enable: yes\n  control-interface: ${session.folder}/control\n`;
    await startHawser(session, configOf(PLAIN_PORT, BACKENDS.hawser, session) + remote, PLAIN_PORT);
    const unbound = session.file('unbound.conf', configOf(UNBOUND_PORT, BACKENDS.unbound, session));
    session.start('unbound', findProgram('unbound') as string, ['-d', '-c', unbound]);
    await waitForAnswer('127.0.0.1', UNBOUND_PORT, 'www.example. A');
    for (const name of ['hawser', 'unbound'] as const) startDnsdist(session, name, certificate);
    const results = { hawser: await throughFronts('hawser'), unbound: await throughFronts('unbound') };
    const { plain } = BACKENDS.hawser;
    const direct = parseDigReplies(dig('127.0.0.1', plain, ['www.example.', 'A', '+time=1', '+tries=1'])).length;
    const before = statistics(session)('num.proxy.malformed');
    const tcp = await withoutHeader(plain);
    const counted = [before, statistics(session)('num.proxy.malformed')];
    console.log(JSON.stringify({ ...results, direct, tcp, counted }));
  } finally {
    await session.stop();
  }
}

await main();
